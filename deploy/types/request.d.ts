/* The request object: what mapped functions get as `req`. */

declare namespace Rampart {
  /**
   * Properties that your site adds to `req` (in beginFunc, before a chunk callback ...). Declare them in a .d.ts file
   * of the site: `declare namespace Rampart { interface RequestExtras { userName?: string } }`
   */
  interface RequestExtras {}

  /** What HTTP and websocket requests have. */
  interface RequestBase extends RequestExtras {
    /** Address of the client: "192.0.2.7", "::1". */
    ip: string;
    /** Port of the client. */
    port: number;
    /** GET, HEAD, POST ...; "UNKNOWN" for a method that is not registered. */
    method: string;
    /** As the client sent it. */
    methodRaw: string;
    path: RequestPath;
    /**
     * The query string as an Object: Strings, true for a name without `=`, Arrays for repeated names and `name[]`,
     * Objects for `name[key]`, and what a value that is a JSON Object or Array says.
     */
    query: { [name: string]: any };
    /** What follows the `?`, as it was sent. */
    query_raw: string;
    cookies: { [name: string]: string | undefined };
    /** Names as the client spelled them. */
    headers: { [name: string]: string | undefined };
    postData: PostData;
    /** Everything that the client sent: headers over cookies over query over posted data. */
    params: { [name: string]: any };
    /** The body's bytes; empty when there is none. It may be replaced, for instance by its text. */
    get body(): PlainBuffer;
    set body(value: any);

    /** Prints into the reply, before what is returned. Formats as rampart.utils.printf(). Returns the bytes added. */
    printf(format: string | BufferData, ...values: any[]): number;
    /** Puts a String or a Buffer into the reply, before what is returned. Returns the bytes added. */
    put(data: string | BufferData): number;
    /** Bytes that printf() and put() have written so far. */
    getpos(): number;
    /** Drops what was written after `pos`; a negative Number drops that many bytes. */
    rewind(pos: number): void;
    /** A copy of what was written so far. */
    getBuffer(): PlainBuffer;
    /** The type that belongs to an extension: "html" gives "text/html". */
    getMime(extension: string): string | undefined;
  }

  /** An HTTP request. */
  interface Request extends RequestBase {
    /**
     * Sends the reply of a request that returned `{defer: true}`. Takes what a function may return. A second call
     * throws.
     */
    reply(value?: Reply | PromiseLike<Reply>): void;
  }

  /** `req` inside a chunk callback. */
  interface ChunkRequest extends Request {
    /** Number of the chunk: 0, 1, 2 ... */
    chunkIndex: number;
    /**
     * Sends a chunk: text, bytes, JSON of an Object, the file of "@/path", or what printf() and put() wrote when there
     * is no value. false when the client has gone.
     */
    chunkSend(data?: string | BufferData | number | boolean | object | null): boolean;
    /** Sends a last chunk and ends the reply. */
    chunkEnd(data?: string | BufferData | number | boolean | object | null): boolean;
  }

  /** `req` in directoryFunc. */
  interface DirectoryRequest extends Request {
    /** The folder, with a slash at its end. */
    fsPath: string;
  }

  /** `req` in notFoundFunc. */
  interface NotFoundRequest extends Request {
    /** The script's error and its stack, when that is the reason and developerMode is off. */
    errMsg?: string;
  }

  /** `req` in beginFunc. */
  interface BeginRequest extends Request {
    /** With beginFuncOnFile: the file that will be served. Another path serves that one. */
    fsPath?: string;
  }

  /** `req` in endFunc. */
  interface EndRequest extends RequestBase {
    /** The reply that will be sent; changing it changes what is sent. */
    reply: ReplyObject;
  }

  /**
   * `req` of a "ws:" function: one for the whole conversation, called again for each message. The properties that are
   * added to it stay.
   */
  interface WebsocketRequest extends RequestBase {
    /** How many messages came before: 0 at the first call, when there is none yet. */
    readonly count: number;
    /** Identifies this connection. */
    readonly websocketId: number;
    /** Whether the message in `body` came as binary data. */
    readonly wsIsBin: boolean;
    /**
     * Sends a message: a String as text, a Buffer as binary data, anything else as JSON; null sends what printf() and
     * put() wrote, which otherwise comes first. false when the connection has gone.
     */
    wsSend(data: any): boolean;
    /** Closes the connection, after what is still to be sent unless `immediate` is true. */
    wsEnd(immediate?: boolean): void;
    /** Called once when either side has ended. Only the first function counts. */
    wsOnDisconnect(callback: () => void): void;
    [name: string]: any;
  }

  interface RequestPath {
    /** What follows the last slash; missing when the path ends in one. */
    file?: string;
    /** The path as sent, without the query. */
    path: string;
    /** Up to and with the last slash. */
    base: string;
    /** "http://" or "https://" */
    scheme: string;
    /** The Host header, or "localhost". */
    host: string;
    /** All of it. */
    url: string;
  }

  /**
   * The posted body. `content` by its type: an Object for application/x-www-form-urlencoded, an Array of parts for
   * multipart/form-data, any value for application/json, else a Buffer. Without a type there is no content.
   */
  interface PostData {
    "Content-Type": string;
    content?: any;
  }

  /** One part of a multipart form, `req.postData.content[i]`, with its headers and their parameters. */
  interface FormPart {
    "Content-Disposition"?: string;
    "Content-Type"?: string;
    /** The field. */
    name?: string;
    /** Of an uploaded file. */
    filename?: string;
    content: PlainBuffer;
    [header: string]: any;
  }
}
