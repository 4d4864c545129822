/* What mapped functions return. The extensions that name the type of a reply are in mime_a_l.d.ts and mime_m_z.d.ts. */

declare namespace Rampart {
  /**
   * What a mapped function may return: an Object as in `{html: "<p>"}`, or text, bytes, a Number or a Boolean, which
   * are sent as text/plain. Nothing at all is an empty reply.
   */
  type Reply = ReplyObject | string | BufferData | number | boolean | null | undefined | void;

  /** Text or bytes; "@/path" is the content of a file, "\\@x" the text "@x"; an Object or Array is sent as JSON. */
  type Body = string | BufferData | number | boolean | object | null;

  /** Called for each chunk of a reply with `chunk: true`, whenever the client can take more. */
  type ChunkCallback = { bivariant(req: ChunkRequest): void }["bivariant"];

  /**
   * The body under an extension that names its type (`html`, `txt`, `json`, `jpg` ...), and how it is sent.
   */
  interface ReplyObject extends BodyKeys {
    /** Default 200. 404 and nothing else: the page of notFoundFunc. */
    status?: number | string;
    /**
     * An Array sends a header several times, other values are sent as JSON. `content-type` replaces the automatic one.
     */
    headers?: ReplyHeaders;
    /** gzip: on, off, or a level from 1 to 10. Default: option compressScripts. */
    compress?: boolean | number;
    /** Sends the body in chunks; the value of the extension is then a function that is called for each. */
    chunk?: boolean;
    /** Milliseconds between two chunks, on the beat like setMetronome(). */
    chunkDelay?: number;
    /** Nothing is sent yet; req.reply() will do it. A function is called with `req` from the event loop. */
    defer?: boolean | { bivariant(req: Request): void }["bivariant"];
    /** For "@/path": open-ended ranges are not capped by the option defaultRangeMBytes. Default false. */
    noRangeCap?: boolean;
    /** For "@/path": no `Accept-Ranges: bytes` is added. A request with a Range gets its part all the same. */
    noAcceptRanges?: boolean;
    /** Arrays and functions are no replies. */
    length?: never;
  }

  interface ReplyHeaders {
    [name: string]: string | number | boolean | object | null;
  }

  /** What a "ws:" function returns goes out as a message, as with req.wsSend(). */
  type WebsocketReply = string | BufferData | number | boolean | object | null | undefined | void;
}
