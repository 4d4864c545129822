/* The options of server.start(). Upper and lower case do not matter to the server; these are the documented names. */

declare namespace Rampart {
  interface StartOptions {
    /** Which function or folder answers which path. Required. */
    map: RouteMap;
    /** Sort the keys of `map` by length, longest first. Default true; false: in their order. */
    mapSort?: boolean;

    /**
     * Address and port, or several: "127.0.0.1:8088", "[::1]:8088". All addresses: `["[::]:80", "0.0.0.0:80"]`. Port 0
     * is any free one. Default `["[::1]:8088", "127.0.0.1:8088"]`.
     */
    bind?: string | readonly string[];
    /** Several listeners instead of `bind` and `map`, each with its own. */
    listen?: readonly ListenOptions[];
    /** Who serves, when started as root; needed then, and ignored otherwise. */
    user?: string;
    /** Detach from the terminal; start() returns the pid of the server. Default false. */
    daemon?: boolean;
    /** End the process title with address and port. Looked at with `daemon`. Default false. */
    appendProcTitle?: boolean;

    /** false: one worker. Default true. */
    useThreads?: boolean;
    /** Worker processes that run scripts. Default, and below 1: one per CPU core. */
    threads?: number;
    /** Event loops of the frontend. Default 1 up to 4 cores, else a quarter of them. */
    frontendThreads?: number;

    /** Seconds that a request may run; then the client gets 500 and the worker is replaced. Default: no limit. */
    scriptTimeout?: number;
    /** Seconds that a client may take to send its request or to take the reply. */
    connectTimeout?: number;
    /** Memory of one worker's scripts: megabytes, or "512M", "1G"; 0: no limit. Default 512. */
    maxMemory?: number | string;
    /** Largest request body in bytes; then 413. 0: no limit. Default 52428800. */
    maxBodySize?: number;
    /** Bytes of a request's first line; then 414. Default 16384. */
    maxRequestLine?: number;
    /** Bytes of a request's headers; then 431. Default 65536. */
    maxHeaderSize?: number;
    /** Bytes of one read from a client. Default 65536. */
    maxRead?: number;
    /** Bytes of one write to a client. Default 65536. */
    maxWrite?: number;
    /** Requests that may wait for a worker; then 503. Default 1024. */
    queueLength?: number;
    /** Seconds that a request may wait for a worker; then 503. Default 30. */
    queueTimeout?: number;
    /** Seconds that running requests may take to end when the server stops. Default 10. */
    graceTime?: number;
    /** Requests per client and time, by prefix of the path; then 429. */
    rateLimit?: { [prefix: string]: RateLimit } | false | null;

    /** Log each request. Default false. */
    log?: boolean;
    /** File of the access log; reopened on SIGUSR1. Default stdout. */
    accessLog?: string | false | null;
    /** File of the error log; reopened on SIGUSR1. Default stderr. */
    errorLog?: string | false | null;
    /** Header with the client's address behind a proxy, for the log only. */
    logIpFromHeader?: string;
    /** Called for each request instead of writing a line. */
    logFunc?: ((entry: LogEntry, line: string) => void) | false | null;

    /** Show errors of scripts, with their lines, in the browser: 500. Otherwise they are 404. Default false. */
    developerMode?: boolean;
    /** Makes the page for what is not there. */
    notFoundFunc?: NotFoundHandler | ModuleReference;
    /** Makes the page of a folder without index.html; true: the built-in list. Default false: 403. */
    directoryFunc?: boolean | DirectoryHandler | ModuleReference;
    /** Called before every mapped function. */
    beginFunc?: BeginHandler | ModuleReference | false | null;
    /** Call beginFunc before files too, with `req.fsPath`. Default false. */
    beginFuncOnFile?: boolean;
    /** Called after every mapped function; `req.reply` is what will be sent. */
    endFunc?: EndHandler | ModuleReference | false | null;
    /** Called with `daemon` after the fork, before privileges drop. */
    postForkFunc?: (() => void) | false | null;
    /** Called after privileges dropped, before there are workers; they all see the globals that it sets. */
    preThreadFunc?: (() => void) | false | null;
    /** Who may see what: true for the built-in module, a module, or a function. */
    authMod?: boolean | string | ModuleReference | AuthHandler | null;
    /** The module that exports the configuration of authMod. */
    authModConf?: string | false | null;

    /** Serve https. Needs a key and a certificate. Default false. */
    secure?: boolean;
    /** File with the key, PEM. */
    sslKeyFile?: string;
    /** File with the certificate and its chain, PEM. */
    sslCertFile?: string;
    /** The key itself, PEM; wins over the file. */
    sslKey?: string | BufferData;
    /** The certificate itself, PEM; wins over the file. */
    sslCert?: string | BufferData;
    /** Default "tls1.2". */
    sslMinVersion?: "ssl3" | "tls1" | "tls1.0" | "tls1.1" | "tls1.2" | "tls1.3";
    /** A plain listener that sends everybody to https: port, "ip:port", or with folders that it serves itself. */
    httpRedirect?: number | string | HttpRedirect | false | null;

    /** The Cache-Control header of files; false: none. Default "max-age=84600, public". */
    cacheControl?: string | boolean;
    /** gzip files: true for html, css, js, json, xml, txt, text and htm, or a list of extensions. Default false. */
    compressFiles?: boolean | readonly string[];
    /** gzip what scripts return, unless their reply says otherwise. Default false. */
    compressScripts?: boolean;
    /** 1 to 10. Default 1. */
    compressLevel?: number;
    /** Bytes below which nothing is compressed. Default 1000. */
    compressMinSize?: number;
    /** Largest reply to an open-ended byte range ("bytes=0-"), in megabytes: 0.01 to 1000. Default 8. */
    defaultRangeMBytes?: number;
    /** Types by extension, for files and replies, in addition to the built-in ones. */
    mimeMap?: { [extension: string]: string };
    /** Character set that is named with text types; false: none. Default "utf-8". */
    defaultCharset?: string | false;

    /** Share events with other machines: "redis://host:port". */
    eventBus?: string;
  }

  /** Prefix rule of `rateLimit`: a bucket of `rate` requests that refills within `window` seconds. */
  interface RateLimit {
    /** Default 60. */
    rate?: number;
    /** Seconds. Default 60. */
    window?: number;
    /** "ip" (default), "fingerprint" or "cookie:NAME". */
    key?: string;
  }

  /** A listener of its own. What it does not name is taken from the options of start(). */
  interface ListenOptions {
    bind: string | readonly string[];
    map: RouteMap;
    secure?: boolean;
    sslKeyFile?: string;
    sslCertFile?: string;
    sslKey?: string | BufferData;
    sslCert?: string | BufferData;
    connectTimeout?: number;
    scriptTimeout?: number;
    maxBodySize?: number;
  }

  interface HttpRedirect {
    port?: number;
    bind?: string | readonly string[];
    /** Folders by prefix that are served in the clear, for the renewal of certificates. */
    passthrough?: { [prefix: string]: string };
  }

  /** One request for logFunc. */
  interface LogEntry {
    addr: string;
    dateStr: string;
    method: string;
    methodRaw: string;
    path: string;
    query: string;
    protocol: string;
    /** "-" if there is none, like userAgent. */
    referer: string;
    userAgent: string;
    code: number;
    /** -1 if it is not known. */
    length: number;
  }
}
