// Needs: dom, theme, marks, player.
// Clips side by side with one set of controls.
mountAll("play", async (stage, data, root) => {
  const { screen, controls } = await player(root, data.clips, { fps: data.fps, autoplay: data.autoplay, mark: data.marks });
  stage.append(screen, controls.node);
});
