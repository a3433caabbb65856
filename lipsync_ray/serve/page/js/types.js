/**
 * What the service answers, as the page reads it.
 *
 * @typedef {"queued"|"running"|"done"|"failed"|"cancelled"} State
 * @typedef {"dub"|"triage"|"preview"} Kind
 *
 * @typedef {Object} Progress
 * @property {string} stage
 * @property {number} done
 * @property {number|null} total
 * @property {number|null} share 0 to 1, of the stage
 * @property {{total: number, done: number[], running: number[]}|null} chunks
 * @property {number|null} seconds_left
 * @property {string} note
 *
 * @typedef {Object} Job
 * @property {string} id
 * @property {Kind} kind
 * @property {State} state
 * @property {string} engine
 * @property {string} preset
 * @property {Object<string, any>} options by dotted names
 * @property {string} container
 * @property {{name: string, bytes: number|null}} video
 * @property {{name: string, bytes: number|null}|null} audio
 * @property {string} created
 * @property {string|null} started
 * @property {string|null} finished
 * @property {number|null} position jobs before it
 * @property {Progress|null} progress
 * @property {any} result depends on the kind
 * @property {{code: string, message: string}|null} error
 * @property {Object<string, string>} links
 *
 * @typedef {Object} Person
 * @property {string} face what a row of speakers calls it
 * @property {number[]} faces
 * @property {number} share 0 to 1, of the frames
 * @property {number|null} talks 0 to 1, of the talk
 * @property {number} shots
 * @property {number} time seconds, when the picture was taken
 * @property {string} picture
 *
 * @typedef {Object} Choice
 * @property {string} name
 * @property {string} about
 * @property {boolean} [ready]
 * @property {string} [why]
 *
 * @typedef {Object} Options
 * @property {Choice[]} engines
 * @property {Choice[]} presets
 * @property {string[]} containers
 * @property {Object<string, number>} limits
 * @property {{name: string}[]} options
 * @property {boolean} auth
 * @property {boolean} consent
 *
 * @typedef {Object} View a part of the page with a life of its own
 * @property {HTMLElement} node
 * @property {HTMLElement} heading gets the focus when the view is shown
 * @property {() => void} [close]
 *
 * @typedef {Object} Settings what a person chooses for a dub
 * @property {string} engine
 * @property {string} preset
 * @property {string} container
 * @property {string} consent
 * @property {Object<string, any>} options
 */

export {};
