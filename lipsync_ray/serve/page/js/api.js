/** Requests to the service. */

import { back, lost, pause } from "./connection.js";
import { admitted } from "./door.js";

/** An answer that says no; `code` NETWORK: there was no answer. */
export class Fault extends Error {
  /**
   * @param {number} status of HTTP; 0: no answer
   * @param {string} code as the service names it
   * @param {string} detail one line for a person
   * @param {number} [wait] seconds after which trying again makes sense; 0: not told
   */
  constructor(status, code, detail, wait = 0) {
    super(detail);
    this.status = status;
    this.code = code;
    this.detail = detail;
    this.wait = wait;
  }
}

/**
 * Read what a refused answer says.
 *
 * @param {number} status
 * @param {string} body
 * @param {string|null} wait the header Retry-After
 * @returns {Fault}
 */
export function faultOf(status, body, wait) {
  let told = {};
  try {
    told = JSON.parse(body);
  } catch {
    // A proxy on the way answers in its own words, which help nobody.
  }
  const detail = typeof told.detail === "string" ? told.detail : "";
  return new Fault(status, String(told.code ?? ""), detail, Number(wait) || 0);
}

/**
 * Ask the service. Where it does not know who asks, a token is asked for, and then it is asked again.
 *
 * @param {string} path
 * @param {{method?: string, json?: any, headers?: Object<string, string>, signal?: AbortSignal}} [how]
 * @returns {Promise<any>} what the answer holds; null if it is empty
 * @throws {Fault}
 */
export async function ask(path, how = {}) {
  try {
    return await askOnce(path, how);
  } catch (error) {
    if (error.status !== 401) throw error;
    await admitted(how.signal);
    return askOnce(path, how); // who is known now and refused all the same, would be asked for ever
  }
}

/**
 * Ask the service, with nobody asked for a token.
 *
 * @type {typeof ask}
 */
export async function askOnce(path, { method = "GET", json, headers = {}, signal } = {}) {
  const body = json === undefined ? undefined : JSON.stringify(json);
  const typed = body === undefined ? headers : { ...headers, "Content-Type": "application/json" };
  let answer;
  try {
    answer = await fetch(path, { method, headers: typed, body, signal, credentials: "same-origin" });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Fault(0, "NETWORK", "");
  }
  back();
  const text = await answer.text();
  if (!answer.ok) throw faultOf(answer.status, text, answer.headers.get("Retry-After"));
  return text ? JSON.parse(text) : null;
}

/**
 * Ask until there is an answer: for what may be asked again without harm.
 *
 * @param {string} path
 * @param {Parameters<typeof ask>[1]} [how]
 * @returns {Promise<any>}
 * @throws {Fault} for every answer that says no, but "too often"
 */
export async function askUntilAnswered(path, how = {}) {
  for (let tries = 0; ; tries += 1) {
    try {
      return await ask(path, how);
    } catch (error) {
      if (!passing(error)) throw error;
      if (error.code === "NETWORK") lost();
      await pause(tries, how.signal);
      if (how.signal?.aborted) throw error;
    }
  }
}

/** @param {any} error @returns {boolean} whether asking again later is all that it takes */
export function passing(error) {
  if (!(error instanceof Fault)) return false;
  // In flight: the service has not yet noticed that an upload was cut off, or is still taking it in.
  return ["NETWORK", "RATE_LIMITED", "IN_FLIGHT"].includes(error.code) || [502, 504].includes(error.status);
}

/** @returns {string} a key by which the service knows a request that is sent twice */
export function freshKey() {
  // Not randomUUID: browsers keep it from pages that come without TLS, as in a closed network.
  return [...crypto.getRandomValues(new Uint8Array(16))]
    .map((byte) => byte.toString(16).padStart(2, "0"))
    .join("");
}

/**
 * Ask for a job; a lost answer is asked for again under the same key, so that there is one job only.
 *
 * @param {Object<string, any>} fields of the job
 * @param {AbortSignal} [signal]
 * @returns {Promise<import("./types.js").Job>}
 */
export function askForJob(fields, signal) {
  return askUntilAnswered("/v1/jobs", {
    method: "POST",
    json: fields,
    headers: { "Idempotency-Key": freshKey() },
    signal,
  });
}
