/* rampart.utils: other programs, signals, the environment. */

declare namespace Rampart {
  interface Utils {
    /**
     * Runs a program without a shell and waits for its end. The first plain Object among the arguments holds the
     * options, everything else is an argument: Strings as they are, other values as JSON. A program that cannot be
     * started does not throw: exitStatus is 1 and stderr says why.
     */
    exec(command: string, options: ExecOptions & { background: true }, ...values: any[]): ExecResult<null, null>;
    exec(command: string, options: ExecOptions & { returnBuffer: true }, ...values: any[]): ExecResult<PlainBuffer>;
    exec(command: string, options: ExecOptions, ...values: any[]): ExecResult;
    exec(command: string, ...values: any[]): ExecResult;
    /** Runs a command line in a shell. */
    shell(command: string, options: ExecOptions & { background: true }): ExecResult<null, null>;
    shell(command: string, options: ExecOptions & { returnBuffer: true }): ExecResult<PlainBuffer>;
    shell(command: string, options?: ExecOptions): ExecResult;
    shell(options: ExecOptions, command: string): ExecResult;
    execRaw(options: ExecOptions & { path: string; args?: readonly any[] }): ExecResult;

    /**
     * Sends a signal, by number or full name ("SIGTERM"); default 15, and 0 only asks whether the process is there.
     *
     * @returns whether it was sent; with `throwOnError` a failure throws instead
     */
    kill(pid: number, signal?: number | string, throwOnError?: boolean): boolean;
    /** Waits, in seconds with fractions. Nothing else of this process runs meanwhile. */
    sleep(seconds: number): void;

    /** The live environment, which programs started later see. */
    getenv(name: string): string | undefined;
    setenv(name: string, value: string, overwrite?: boolean): void;
    unsetenv(name: string): void;

    /**
     * The script goes on in two processes: the child's pid in the parent, 0 in the child, -1 on failure. Timers and
     * listeners stay with the parent; of the pipes the child has those that are given. Not in workers, nor while a
     * server runs.
     */
    fork(...pipes: Pipe[]): number;
    /** The same, and the child is detached from the terminal. */
    daemon(...pipes: Pipe[]): number;
    /** For values between this process and a child. */
    newPipe(): Pipe;
    /** A program on a pseudo-terminal of 80 columns and 24 rows. */
    forkpty(command: string, options: TerminalOptions, ...values: any[]): Terminal;
    forkpty(command: string, ...values: any[]): Terminal;
  }

  interface ExecOptions {
    /** Milliseconds; then `killSignal` is sent. */
    timeout?: number;
    /** Default 15. */
    killSignal?: number;
    /** Start it detached and return at once. */
    background?: boolean;
    /** What the program reads. */
    stdin?: string | BufferData;
    /** More arguments, after the others. */
    args?: readonly any[];
    /** The whole environment, or an addition to it with `appendEnv`. */
    env?: { [name: string]: any };
    appendEnv?: boolean;
    /** The folder to start in. */
    cd?: string;
    changeDirectory?: string;
    /** stdout as Buffer. */
    returnBuffer?: boolean;
  }

  interface ExecResult<Output = string, Errors = string> {
    /** null with `background`. */
    stdout: Output;
    stderr: Errors;
    timedOut: boolean;
    /** 128 and the signal's number when it was killed. */
    exitStatus: number;
    pid: number;
  }

  interface Pipe {
    /** Any value that CBOR can carry. */
    write(value: any): void;
    /** Waits for a value. */
    read(): { value?: any; error?: any };
    read(callback: (value: any, error?: any) => void): void;
    /** Called from the event loop for each value. */
    onRead(callback: (value: any, error?: any) => void): void;
    close(): void;
  }

  interface TerminalOptions {
    /** The whole environment, or an addition to it with `appendEnv`. */
    env?: { [name: string]: any };
    appendEnv?: boolean;
  }

  /** Its methods are gone when the program has ended. */
  interface Terminal {
    readonly pid: number;
    /** What the program has written; waits for the first byte. Empty at the end. */
    read(size?: number, max?: number): PlainBuffer;
    read(size: number, max: number, asString: true): string;
    read(size: number, asString: true): string;
    read(asString: true): string;
    write(data: string | BufferData): number;
    resize(width: number, height: number): void;
    /** What the callback does not read() itself it gets as argument. */
    on(event: "data", callback: (this: Terminal, data: PlainBuffer) => void): Terminal;
    /** 128 and the signal's number when it was killed. */
    on(event: "close", callback: (this: Terminal, exitStatus: number) => void): Terminal;
  }
}
