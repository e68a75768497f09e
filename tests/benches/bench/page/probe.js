// Runs before the page's own scripts; writes down when its clicks and screens come.
// `dom` is when the document has it, `frame` the animation frame after that; both in milliseconds
// since navigation started.
{
  const seen = {};
  window.bench = seen;
  const mark = (name) => {
    if (seen[name]) return;
    const at = { dom: performance.now(), frame: null };
    seen[name] = at;
    requestAnimationFrame(() => (at.frame = performance.now()));
  };
  const shown = (name) => document.querySelector(`[data-screen=${name}]`)?.hidden === false;
  const look = () => ["landing", "item"].filter(shown).forEach(mark);
  new MutationObserver(look).observe(document, { subtree: true, childList: true, attributes: true });
  addEventListener("load", () => mark("load"));
  addEventListener("click", (event) => {
    if (event.isTrusted) seen.click ??= performance.now();
  }, { capture: true });
}
