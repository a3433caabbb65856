/** Sending files, with a count of what has arrived. */

import { Fault, ask, faultOf, freshKey, passing } from "./api.js";
import { back, lost, pause } from "./connection.js";
import { admitted } from "./door.js";

const MOST_CUTS = 4; // of one upload, by a service that answers all the while

/**
 * Send a job with its files. What is cut off begins again when the service can be reached, under the same key.
 *
 * @param {Object<string, string|File>} fields
 * @param {(sent: number, total: number) => void} onSent bytes
 * @param {AbortSignal} signal ends it
 * @returns {Promise<import("./types.js").Job>}
 * @throws {Fault}
 */
export async function send(fields, onSent, signal) {
  const key = freshKey();
  let cuts = 0;
  let asked = false;
  for (let tries = 0; ; tries += 1) {
    try {
      return await sendOnce(fields, key, onSent, signal);
    } catch (error) {
      if (error.status === 401 && !asked) {
        asked = true;
        await admitted(signal);
        continue;
      }
      if (!passing(error) || signal.aborted) throw error;
      if (error.code === "NETWORK" && (await reachable(signal))) cuts += 1;
      else if (error.code === "NETWORK") lost();
      if (cuts === MOST_CUTS) throw new Fault(0, "CUT_OFF", "");
      await pause(tries, signal);
    }
  }
}

/** Whether the service answers otherwise; if so, something on the way does not let the files through. */
async function reachable(signal) {
  try {
    // Not /healthz, which answers everybody: whoever is unknown is cut off before they are told so.
    await ask("/v1/options", { signal });
    return true;
  } catch {
    return false;
  }
}

/** fetch tells nothing of what has been sent; XMLHttpRequest does. */
function sendOnce(fields, key, onSent, signal) {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const stop = () => request.abort();
    request.open("POST", "/v1/jobs");
    request.setRequestHeader("Idempotency-Key", key);
    request.upload.onprogress = (event) => onSent(event.loaded, event.total);
    request.onload = () => {
      back();
      const wait = request.getResponseHeader("Retry-After");
      if (request.status < 300) resolve(JSON.parse(request.responseText));
      else reject(faultOf(request.status, request.responseText, wait));
    };
    request.onerror = () => reject(new Fault(0, "NETWORK", ""));
    request.onabort = () => reject(new Fault(0, "STOPPED", ""));
    request.onloadend = () => signal.removeEventListener("abort", stop);
    signal.addEventListener("abort", stop);
    if (signal.aborted) reject(new Fault(0, "STOPPED", ""));
    else request.send(form);
  });
}
