/** Begins the page: who is there, what the service offers, and which view is shown. */

import { askUntilAnswered } from "./api.js";
import { keepDoor } from "./door.js";
import { fixed, focusOn, h } from "./dom.js";
import { faultBox } from "./fault_box.js";
import { asFault } from "./fault_words.js";
import { filesView } from "./files_view.js";
import { jobView } from "./job_view.js";
import { jobsView } from "./jobs_view.js";
import { route } from "./route.js";
import { signInAgain, signInView, signOut } from "./session.js";
import { setTitle } from "./title.js";

/** @type {import("./types.js").View|null} */
let view = null;

/**
 * Put a view in the place of the one before.
 *
 * @param {import("./types.js").View} next
 * @param {string} title
 * @param {boolean} moved whether the person has come from another view, and the focus comes along
 */
function show(next, title, moved) {
  view?.close?.();
  view = next;
  fixed("view").replaceChildren(next.node);
  setTitle(title);
  window.scrollTo(0, 0);
  if (moved) focusOn(next.heading);
}

/** Ask what the service offers; whoever is not known has to sign in first. */
async function begin(moved) {
  window.onhashchange = null;
  keepDoor(() => (view ? signInAgain() : signInFirst(moved)));
  try {
    /** @type {import("./types.js").Options} */
    const options = await askUntilAnswered("/v1/options");
    fixed("sign-out").hidden = !options.auth;
    fixed("places").hidden = false;
    window.onhashchange = () => go(options, true);
    go(options, moved || view !== null);
  } catch (error) {
    showFault(asFault(error));
  }
}

/** @returns {Promise<void>} */
function signInFirst(moved) {
  fixed("places").hidden = true;
  return new Promise((resolve) => show(signInView(resolve), "Sign in", moved));
}

function showFault(fault) {
  const heading = h("h1", {}, "The service does not answer as it should");
  const again = h("button", { type: "button", class: "main", on: { click: () => begin(true) } }, "Try again");
  show({ node: h("section", {}, heading, faultBox(fault, again)), heading }, "Fault", true);
}

/** @param {import("./types.js").Options} options @param {boolean} moved */
function go(options, moved) {
  const { name, id } = route();
  if (name === "job") show(jobView(id, options), "Job", moved);
  else if (name === "jobs") show(jobsView(), "Jobs", moved);
  else show(filesView(options), "New dub", moved);
  markPlace(name);
}

function markPlace(name) {
  for (const link of document.querySelectorAll("nav a")) {
    const here = link.getAttribute("href") === (name === "jobs" ? "#jobs" : name === "home" ? "#" : "");
    if (here) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}

fixed("sign-out").addEventListener("click", async () => {
  try {
    await signOut();
    view?.close?.();
    view = null;
    begin(true);
  } catch (error) {
    showFault(asFault(error));
  }
});
document.querySelector(".skip")?.addEventListener("click", (event) => {
  event.preventDefault(); // the part of the address behind # says which view is shown
  fixed("view").focus();
});
begin(false);
