/** Signing in with a token, and out again. The token is kept nowhere on the page: a cookie that scripts cannot read stands for it. */

import { askOnce } from "./api.js";
import { fixed, freshId, h } from "./dom.js";
import { faultBox } from "./fault_box.js";
import { asFault } from "./fault_words.js";

/**
 * Asking on a page of its own, where nothing is shown yet.
 *
 * @param {() => void} onDone after signing in
 * @returns {import("./types.js").View}
 */
export function signInView(onDone) {
  const heading = h("h1", {}, "Sign in");
  const node = h(
    "section",
    { class: "narrow" },
    heading,
    h("p", { class: "lead" }, "This service asks who you are."),
    h("div", { class: "card" }, signInForm(onDone).node),
  );
  return { node, heading };
}

/**
 * Asking on top of what was begun, which stays as it is.
 *
 * @returns {Promise<void>} ends after signing in
 */
export function signInAgain() {
  /** @type {HTMLDialogElement} */
  const dialog = fixed("sign-in");
  return new Promise((resolve) => {
    const form = signInForm(() => {
      dialog.onclose = null;
      dialog.close();
      dialog.replaceChildren();
      resolve();
    });
    dialog.replaceChildren(
      h("h2", { id: "sign-in-title" }, "Sign in again"),
      h("p", {}, "Your session has ended. What you have begun goes on once you have signed in."),
      form.node,
    );
    dialog.oncancel = (event) => event.preventDefault(); // nothing could be done without it
    dialog.onclose = () => dialog.open || dialog.showModal(); // Escape pressed twice closes it all the same
    dialog.showModal();
    form.field.focus();
  });
}

/** @param {() => void} onDone @returns {{node: HTMLElement, field: HTMLElement}} */
function signInForm(onDone) {
  const id = freshId("token");
  const field = h("input", {
    type: "password",
    id,
    required: true,
    autocomplete: "current-password",
    spellcheck: "false",
    "aria-describedby": `${id}-hint ${id}-wrong`,
  });
  const wrong = h("div", { id: `${id}-wrong` });
  const send = h("button", { type: "submit", class: "main" }, "Sign in");

  const signIn = async (event) => {
    event.preventDefault();
    const token = field.value.trim();
    wrong.replaceChildren();
    field.removeAttribute("aria-invalid");
    if (!token) return refuse("Type or paste your token.");
    if (!/^[\x21-\x7e]+$/.test(token))
      return refuse("This is no token: it holds characters that no token has.");
    send.disabled = true;
    try {
      await askOnce("/v1/session", { method: "POST", headers: { Authorization: `Bearer ${token}` } });
      field.value = "";
      onDone();
    } catch (error) {
      const fault = asFault(error);
      if (fault.status === 401 || fault.status === 403)
        refuse("The service does not know this token. Check that all of it was copied.");
      else wrong.replaceChildren(faultBox(fault));
    } finally {
      send.disabled = false;
    }
  };

  const refuse = (text) => {
    wrong.replaceChildren(h("p", { class: "wrong", role: "alert" }, text));
    field.setAttribute("aria-invalid", "true");
    field.focus();
  };

  const node = h(
    "form",
    { class: "sign-in", novalidate: true, on: { submit: signIn } },
    h("label", { for: id }, "Token"),
    h(
      "p",
      { class: "dim", id: `${id}-hint` },
      "Whoever runs the service has given it to you. This page does not keep it.",
    ),
    field,
    wrong,
    h("div", { class: "row" }, send),
  );
  return { node, field };
}

/** End the session. */
export async function signOut() {
  await askOnce("/v1/session", { method: "DELETE" });
}
