/* require() and modules. The server's own module is in server.d.ts. */

/** The module that the file is. In the start script it has `resolve` only. */
declare var module: Rampart.Module;

/** The same Object as `module.exports`, until that is set. */
declare var exports: any;

/**
 * Loads a module, or the file again when it or what it requires has changed. Searched for: absolute paths as they are;
 * else the folder of the calling module, the folder of the start script, its `modules/` and `lib/rampart_modules/`, the
 * same two in `$HOME/.rampart`, `$RAMPART_PATH`, and the folder of the installation.
 */
declare var require: Rampart.Require;

declare namespace Rampart {
  interface Require {
    (name: "rampart-server"): Server;
    (name: "rampart-webserver"): any;
    (name: string): any;
    /** The file that require(name) would load, without loading it. Throws when there is none. */
    resolve(name: string): string;
    /** Modules by file. Deleting an entry loads that file again. */
    readonly cache: { [id: string]: Module };
  }

  interface Module {
    /** Canonical path of the file. */
    readonly id: string;
    /** Its folder. */
    readonly path: string;
    /** What require() returns. For the server: a function, or an Object of functions by path. */
    exports: any;
    /** Seconds since the epoch, of the file when it was loaded. */
    readonly mtime: number;
    readonly atime: number;
    /** The module object itself, instead of its exports. */
    resolve(name: string): Module;
  }

  interface ModuleShortcuts {
    /** `require("rampart-NAME")`, or `require("NAME")` if there is none. */
    readonly [name: string]: any;
    readonly server: Server;
  }
}

/* Script modules whose types are not described here. */
declare module "rampart-*";
