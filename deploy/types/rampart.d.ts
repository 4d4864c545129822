/* The API of Ravelin for editors and for the TypeScript compiler: everything that a script can call, split by part.
   README.md says how a site uses it. The types are for checking only; the server never reads them.

   Types for JSDoc and TypeScript are in the namespace Rampart: Rampart.Handler, Rampart.Request, Rampart.Reply ... */

/* The language that scripts have. There is no BigInt, Intl, SharedArrayBuffer and no browser API, so the
   project's own "lib" should be ["es5"]. */
/// <reference lib="es5" />
/// <reference lib="es2015" />
/// <reference lib="es2016" />
/// <reference lib="es2017.object" />
/// <reference lib="es2017.string" />
/// <reference lib="es2018.asynciterable" />
/// <reference lib="es2018.asyncgenerator" />
/// <reference lib="es2018.promise" />
/// <reference lib="es2018.regexp" />
/// <reference lib="es2019" />
/// <reference lib="es2020.promise" />
/// <reference lib="es2020.string" />
/// <reference lib="es2020.symbol.wellknown" />
/// <reference lib="es2021.promise" />
/// <reference lib="es2021.string" />
/// <reference lib="es2021.weakref" />
/// <reference lib="es2022.array" />
/// <reference lib="es2022.error" />
/// <reference lib="es2022.object" />
/// <reference lib="es2022.string" />

/// <reference path="language.d.ts" />
/// <reference path="buffer.d.ts" />
/// <reference path="console.d.ts" />
/// <reference path="process.d.ts" />
/// <reference path="timers.d.ts" />
/// <reference path="modules.d.ts" />
/// <reference path="event.d.ts" />
/// <reference path="import.d.ts" />
/// <reference path="utils_print.d.ts" />
/// <reference path="utils_values.d.ts" />
/// <reference path="utils_files.d.ts" />
/// <reference path="utils_handles.d.ts" />
/// <reference path="utils_processes.d.ts" />
/// <reference path="utils_more.d.ts" />
/// <reference path="server.d.ts" />
/// <reference path="server_options.d.ts" />
/// <reference path="server_map.d.ts" />
/// <reference path="request.d.ts" />
/// <reference path="reply.d.ts" />
/// <reference path="mime_a_l.d.ts" />
/// <reference path="mime_m_z.d.ts" />

/** Everything that is not part of the language: utils, events, versions. */
declare const rampart: Rampart.RampartObject;

declare namespace Rampart {
  /** The bytes that functions take: plain buffers, typed arrays, ArrayBuffer, DataView and Buffer. */
  type BufferData = ArrayBuffer | ArrayBufferView;

  /** What functions return as bytes. `Buffer.isBuffer()` is false for it. */
  type PlainBuffer = Uint8Array;

  interface RampartObject {
    /** Files, processes, printf, dates and more. */
    readonly utils: Utils;
    /** Named events across all processes of the server. */
    readonly event: Events;
    /** CSV files. */
    readonly import: Importers;

    /** Makes every enumerable property of an Object global, or those in `names`. For the editor see globalized.d.ts. */
    globalize(object: object, names?: readonly string[]): void;

    /** Like globalize(), into the scope of the calling function. `ignore`: skip names that are declared there. */
    localize(object: object, names?: readonly string[], ignore?: boolean): void;
    localize(object: object, ignore: boolean): void;

    /** Runs a file as global code, at every call. Searched for like a module, with `includes/` as folder. */
    include(file: string): void;

    /** Number of this worker, small and different in each. */
    readonly thread_id: number;

    /** Level of the documented API: "0.6.3". */
    readonly version: string;
    /** major * 10000 + minor * 100 + patch */
    readonly versionNumber: number;
    readonly versionBits: number;
    readonly versionDate: Date;
    readonly versionBuild: string;
    readonly buildPlatform: string;
    readonly buildCC: string;
  }
}
