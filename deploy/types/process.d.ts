/* process: the program, its surroundings and its machine. */

declare const process: Rampart.Process;

declare namespace Rampart {
  interface Process {
    /** Ends the process now, from anywhere; pending timers do not run. In a worker: that worker only. */
    exit(code?: number): never;
    /** The environment at the start. A change here is not seen by getenv() or by programs that are started. */
    env: { [name: string]: string | undefined };
    /** The command line: executable, options, script, arguments. */
    argv: string[];
    argv0: string;
    /** Canonical folder of the start script. */
    scriptPath: string;
    /** File name of the start script. */
    scriptName: string;
    /** Canonical path of the start script. */
    script: string;
    /** Canonical folder of the executable, without a final `/bin`. */
    installPath: string;
    /** Canonical folder of the executable. */
    installPathBin: string;
    /** Folder of the standard modules; "" if there is none. */
    modulesPath: string;
    readonly pid: number;
    getpid(): number;
    getppid(): number;
    /** The name that `ps` shows, up to 255 bytes. */
    setProcTitle(name: string): void;
    /** CPUs online at the start. */
    nCpu: number;
    /** Megabytes. */
    getTotalMem(): number;
    /** Megabytes. */
    getFreeMem(): number;
    /** Seconds since this server started, the same in every worker. */
    uptime(): number;
    /** Seconds since the machine booted. */
    systemUptime(): number;
    getCpuInfo(): CpuInfo[];
    /** Limits the address space: megabytes, or a part of the machine's memory such as "75%". Returns megabytes. */
    setMaxMem(amount: number | string): number;
  }

  interface CpuInfo {
    model: string;
    /** MHz; 0 when unknown. */
    speed: number;
    /** Milliseconds. */
    times: { user: number; nice: number; sys: number; idle: number; irq: number };
  }
}
