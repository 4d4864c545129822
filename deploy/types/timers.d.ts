/* Timers. They belong to the process that sets them: in a worker they run in that worker. An uncaught error in a
   callback is logged and ends nothing. */

declare namespace Rampart {
  /** What the set functions return and the clear functions take. */
  interface TimerId {
    readonly eventId: number;
  }
}

/** Calls `callback` once, `ms` milliseconds (with fractions) from now. */
declare function setTimeout<A extends any[]>(
  callback: (...values: A) => void, ms?: number, ...values: A): Rampart.TimerId;

/** Calls `callback` every `ms` milliseconds. After a call that took too long the next one comes `ms` after its end. */
declare function setInterval<A extends any[]>(
  callback: (...values: A) => void, ms?: number, ...values: A): Rampart.TimerId;

/** Calls `callback` on the beat, at start + n * ms. Beats that a call misses are left out. */
declare function setMetronome<A extends any[]>(
  callback: (...values: A) => void, ms?: number, ...values: A): Rampart.TimerId;

/** Calls `callback` in the next turn of the event loop. */
declare function setImmediate<A extends any[]>(callback: (...values: A) => void, ...values: A): Rampart.TimerId;

/** Any of the clear functions takes any id. Clearing what has run is fine. */
declare function clearTimeout(id: Rampart.TimerId): void;
declare function clearInterval(id: Rampart.TimerId): void;
declare function clearMetronome(id: Rampart.TimerId): void;
declare function clearImmediate(id: Rampart.TimerId): void;
