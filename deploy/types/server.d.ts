/* require("rampart-server"). Its options are in server_options.d.ts and server_map.d.ts. */

declare module "rampart-server" {
  const server: Rampart.Server;
  export = server;
}

declare namespace Rampart {
  interface Server {
    /**
     * Starts the server. The rest of the script runs on; what it sets up, timers and events, lives beside the server.
     * Connections are accepted from the end of the script on; those that come earlier wait.
     * A wrong option throws.
     *
     * @returns the pid of the server with `daemon`, else of this process
     */
    start(options: StartOptions): number;
    /** The type that belongs to an extension, with the options' mimeMap. */
    getMime(extension: string): string | undefined;
    /** For a directoryFunc of your own: the listing that `directoryFunc: true` replies. */
    defaultDirList(req: Request): Reply;
  }

  /** A mapped function. */
  type Handler = { bivariant(req: Request): Reply | PromiseLike<Reply> }["bivariant"];
  /** Functions by path, as a module exports them: `{"/": index, "/page.html": page}`. A final `*` matches the rest. */
  type HandlerMap = { [path: string]: Handler };

  /** A "ws:" function: called when the client connects and for each message. */
  type WebsocketHandler = {
    bivariant(req: WebsocketRequest): WebsocketReply | PromiseLike<WebsocketReply>;
  }["bivariant"];
  type WebsocketHandlerMap = { [path: string]: WebsocketHandler };

  type DirectoryHandler = { bivariant(req: DirectoryRequest): Reply | PromiseLike<Reply> }["bivariant"];
  type NotFoundHandler = { bivariant(req: NotFoundRequest): Reply | PromiseLike<Reply> }["bivariant"];
  /** false: not found. An Object: the reply. Anything else: go on. */
  type BeginHandler = { bivariant(req: BeginRequest): boolean | ReplyObject | null | undefined | void }["bivariant"];
  /** false: not found. An Object replaces the reply. */
  type EndHandler = { bivariant(req: EndRequest): boolean | ReplyObject | null | undefined | void }["bivariant"];
  /** false: forbidden; `{redirect}`: go there; anything else: go on, with what it put on `req`. */
  type AuthHandler = { bivariant(req: any): boolean | { redirect: string } | null | undefined | void }["bivariant"];

  /** A module instead of a function, by the name that require() takes. */
  interface ModuleReference {
    module: string;
  }
}
