/* The option `map`: which function or folder answers which path. */

declare namespace Rampart {
  /**
   * Paths and what answers them:
   *
   * - `"/page.html"`: this path; `"/folder/"`: all below it
   * - `"~/regular.expression"`: Perl syntax, searched in the path
   * - `"/glob*.html"`: `*` is any run of characters
   * - `"ws:/path"`: websockets
   *
   * Exact paths come first, then regular expressions, then globs; the longer one first.
   */
  interface RouteMap {
    [key: `/${string}`]: Route;
    [key: `~/${string}`]: Route;
    [key: `*${string}`]: Route;
    [key: `ws:${string}`]: WebsocketRoute;
    [key: `~ws:${string}`]: WebsocketRoute;
    [key: string]: Route | WebsocketRoute;
  }

  /** A function; a folder of files, as String or with headers; a module; a folder of modules; another server. */
  type Route = Handler | string | DirectoryRoute | ModuleReference | ModuleDirectoryRoute | ProxyRoute;
  type WebsocketRoute = WebsocketHandler | ModuleReference | ModuleDirectoryRoute;

  interface DirectoryRoute {
    /** A folder of files. */
    path: string;
    /** Sent with every file. */
    headers?: ReplyHeaders;
  }

  interface ModuleDirectoryRoute {
    /** A folder of modules: `/key/name.html` runs `name.js` in it. Relative to the folder of the start script. */
    modulePath: string;
  }

  interface ProxyRoute {
    /** Address of another server: "http://host:3000/v1/". The key is cut off the path. */
    proxy: string;
    /** Sent with every request. */
    headers?: ReplyHeaders;
    /** Seconds until 504. */
    timeout?: number;
    /** Do not check the certificate. */
    insecure?: boolean;
  }
}
