/** Brings an element's content to given HTML by changing only what differs from the first difference on, as in text that grows. */

/** `html` is safe; it is parsed apart from the page, where nothing loads. */
export function patchHtml(target: Element, html: string): void {
  const template = document.createElement('template');
  template.innerHTML = html;
  patch(target, template.content);
}

function patch(target: ParentNode & Node, wanted: ParentNode & Node): void {
  let old = target.firstChild;
  let next = wanted.firstChild;
  while (old !== null && next !== null && old.isEqualNode(next)) {
    old = old.nextSibling;
    next = next.nextSibling;
  }
  if (old instanceof Element && next instanceof Element && isSameShell(old, next)) {
    patch(old, next);
    old = old.nextSibling;
    next = next.nextSibling;
  }
  while (old !== null) {
    const following = old.nextSibling;
    old.remove();
    old = following;
  }
  while (next !== null) {
    const following = next.nextSibling;
    target.appendChild(next);
    next = following;
  }
}

function isSameShell(one: Element, other: Element): boolean {
  return one.cloneNode(false).isEqualNode(other.cloneNode(false));
}
