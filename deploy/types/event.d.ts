/* rampart.event: named events with named functions, delivered to every process of the server that listens. */

declare namespace Rampart {
  /**
   * A listener. It gets the fourth argument of on() and its own copy of the data of trigger(); what it returns does not
   * matter. It runs in the process that registered it.
   */
  type EventCallback<U = any> = (userVar: U, data: any) => void;

  interface Events {
    /**
     * Registers a function at once, in this process. The same two names again replace it.
     *
     * @param event name of the event
     * @param name name of the function, for off()
     * @param userVar any value; the callback gets it as it is, never a copy
     */
    on<U = any>(event: string, name: string, callback: EventCallback<U>, userVar?: U): void;
    /** The function may also come first or second. */
    on<U = any>(event: string, callback: EventCallback<U>, name: string, userVar?: U): void;
    on<U = any>(callback: EventCallback<U>, event: string, name: string, userVar?: U): void;

    /**
     * Delivers to every process that listens now, after their current code. The data is copied at the call: Strings,
     * Numbers, Booleans, null, undefined, Arrays, plain Objects, Dates and Buffers arrive as they are; functions do
     * not. A value that contains itself throws.
     */
    trigger(event: string, data?: any): void;

    /** Removes one named function, in every process. */
    off(event: string, name: string): void;

    /** Removes all functions of an event, in every process. */
    remove(event: string): void;

    /** From now on, event names used inside a module belong to that module. Call it before any event exists. */
    scopeToModule(): void;
  }
}
