// Light or dark: the page says so where it can (this book, JupyterLab, Colab, VS Code); otherwise the system does.
function pageTheme() {
  const page = document.documentElement, body = document.body;
  if (page.dataset.theme === "light" || page.dataset.theme === "dark") return page.dataset.theme;
  if (body.dataset.jpThemeLight) return body.dataset.jpThemeLight === "true" ? "light" : "dark";
  if (page.getAttribute("theme")) return page.getAttribute("theme") === "dark" ? "dark" : "light";
  if (body.dataset.vscodeThemeKind) return body.dataset.vscodeThemeKind.includes("dark") ? "dark" : "light";
  return matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
}

function followTheme(root) {
  const apply = () => { root.dataset.theme = pageTheme(); };
  const filter = { attributes: true, attributeFilter: ["data-theme", "theme", "data-jp-theme-light", "data-vscode-theme-kind"] };
  const watcher = new MutationObserver(apply);
  watcher.observe(document.documentElement, filter);
  watcher.observe(document.body, filter);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", apply);
  apply();
}

function wantsLessMotion() {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}
