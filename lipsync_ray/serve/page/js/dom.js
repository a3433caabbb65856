/** Elements, built without markup in strings. */

/**
 * Build an element.
 *
 * @param {string} tag
 * @param {Object<string, any>} [props] attributes; `on` holds listeners by event, `value` and `checked` are
 *   set as properties; true is an attribute without a value, false and null are left out.
 * @param {...(Node|string|null|undefined|false)} kids text becomes text nodes; what is empty is left out
 * @returns {any} the element
 */
export function h(tag, props = {}, ...kids) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (name === "on") {
      for (const [event, listener] of Object.entries(value)) node.addEventListener(event, listener);
    } else if (name === "value" || name === "checked") {
      node[name] = value;
    } else if (value !== false && value !== null && value !== undefined) {
      node.setAttribute(name, value === true ? "" : String(value));
    }
  }
  node.append(...kids.filter((kid) => kid !== null && kid !== undefined && kid !== false && kid !== ""));
  return node;
}

/**
 * An element that the frame of the page has from the start.
 *
 * @param {string} id
 * @returns {any}
 */
export function fixed(id) {
  const node = document.getElementById(id);
  if (!node) throw new Error(`the page has no #${id}`);
  return node;
}

let ids = 0;

/**
 * A name that no other element has, for labels and descriptions.
 *
 * @param {string} stem
 * @returns {string}
 */
export function freshId(stem) {
  ids += 1;
  return `${stem}-${ids}`;
}

/**
 * Bring a heading, or a message, to the reader: eyes, keyboard and screen reader alike.
 *
 * @param {HTMLElement} node
 */
export function focusOn(node) {
  node.setAttribute("tabindex", "-1");
  node.focus({ preventScroll: false });
}
