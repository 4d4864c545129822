/* console: one line per call, arguments joined by one space. There are no % formats here; see rampart.utils.printf. */

declare const console: Rampart.Console;

declare namespace Rampart {
  interface Console {
    /** To stdout. */
    log(...values: any[]): void;
    info(...values: any[]): void;
    debug(...values: any[]): void;
    /** To stderr, which is the error log where there is one. */
    warn(...values: any[]): void;
    dir(...values: any[]): void;
    /** To stderr: `Error: ` and the arguments, then a stack trace. */
    error(...values: any[]): void;
    exception(...values: any[]): void;
    /** The arguments and a stack trace. */
    trace(...values: any[]): void;
    /** Nothing while `condition` is true, else the arguments with a stack trace. */
    assert(condition?: any, ...values: any[]): void;

    /** Starts a clock. The label is "default" when none is given. */
    time(label?: string): void;
    /** Prints the milliseconds since time(). */
    timeLog(label?: string, ...values: any[]): void;
    timeEnd(label?: string): void;
    /** Prints how often it was called with this label. */
    count(label?: string): void;
    countReset(label?: string): void;

    /** Indents the lines that follow, up to groupEnd(). */
    group(...values: any[]): void;
    groupCollapsed(...values: any[]): void;
    groupEnd(): void;
    clear(): void;
    table(data: any, columns?: readonly string[]): void;
  }
}
