/** Why a video, or a picture, is not shown, in words of somebody who looks at it. */

import { askOnce } from "./api.js";
import { h } from "./dom.js";
import { asFault, explain } from "./fault_words.js";

const BROKE = "The connection broke while NAME was loaded.";
const DECODE =
  "This browser cannot decode NAME any further: it is damaged, or coded in a way that the browser does not know.";
const KIND = "This browser cannot play NAME: it lacks the codec, or does not know this kind of file.";
const PICTURE = "This browser cannot show NAME: it does not know this kind of picture.";
const UNSEEN = "This browser cannot show the picture of NAME: it lacks the codec.";

/**
 * What is wrong with an element now; its address may be taken away at once.
 *
 * @param {HTMLVideoElement|HTMLImageElement} media
 * @param {string} name what it is, within a sentence: "the dub"
 * @param {string} advice what a person can do where the browser is to blame
 * @returns {Promise<HTMLElement>} a sentence or two, and what can be pressed
 */
export async function mediaFault(media, name, advice) {
  const place = media.src;
  const text = media instanceof HTMLImageElement ? PICTURE : sayError(media.error);
  const said = text === KIND || text === PICTURE ? ((await refused(place)) ?? text) : text;
  const lasting = said === text && said !== BROKE; // loading it again would not help
  const words = said.replace("NAME", name);
  return h("div", { class: "row" }, h("p", {}, lasting ? `${words} ${advice}` : words), !lasting && again());
}

/** @param {MediaError|null} error null: there is sound, and no picture */
function sayError(error) {
  if (!error) return UNSEEN;
  if (error.code === MediaError.MEDIA_ERR_DECODE) return DECODE;
  return error.code === MediaError.MEDIA_ERR_SRC_NOT_SUPPORTED ? KIND : BROKE;
}

/** Browsers say the same of what is of no use to them, and of what they were not given. */
async function refused(place) {
  try {
    await askOnce(place, { method: "HEAD" });
    return null;
  } catch (error) {
    const fault = asFault(error);
    if (fault.code === "NETWORK") return BROKE;
    return fault.status === 404 ? "The file of NAME is gone." : `The service did not give out NAME. ${explain(fault).title}.`;
  }
}

function again() {
  return h(
    "button",
    { type: "button", class: "quiet", on: { click: () => location.reload() } },
    "Load the page again",
  );
}
