// Every fixed limit and default of the product, each with its reason. Options override defaults; the rest is not
// settable.
#pragma once

#include <cstddef>
#include <cstdint>

namespace ravelin::limits {

// --- HTTP/1 (frontend) ---
constexpr size_t kMaxRequestLine = 16 * 1024;  // 414 beyond; nginx and Apache take 8 KB, long query strings need more
constexpr size_t kMaxHeaderBytes = 64 * 1024;  // all header lines of a request together; 431 beyond
// What the options may raise these two to: the head of a request must fit into one frame (kMaxFramePayload).
constexpr size_t kLargestRequestLine = 128 * 1024;
constexpr size_t kLargestHeaderBytes = 128 * 1024;
constexpr size_t kMaxHeaderCount = 256;              // 431 beyond; each header costs the script a property
constexpr size_t kMaxMethodLength = 32;              // the longest registered method has 17 letters
constexpr size_t kMaxTrailerBytes = 8 * 1024;        // trailers are read and dropped
constexpr uint64_t kDefaultMaxBodyBytes = 52428800;  // server-details 14: maxBodySize
constexpr size_t kBodyMemoryBytes = 64 * 1024;       // a larger request body goes to an unlinked temporary file
constexpr size_t kDefaultMaxRead = 65536;            // manual: maxRead
// The manual has 65536, which costs a further turn for each middling file; option maxWrite sets it.
constexpr size_t kDefaultMaxWrite = 512 * 1024;
constexpr uint64_t kDefaultRangeBytes = 8 * 1024 * 1024;  // server-details 14: defaultRangeMBytes
constexpr uint64_t kDefaultIdleTimeoutMs = 75'000;  // a connection that sends no byte of a new request (nginx's value)
constexpr uint64_t kDefaultRequestReadTimeoutMs =
    60'000;                                       // a request must be complete this long after its first byte...
constexpr uint64_t kMinBodyBytesPerSecond = 500;  // ...or its body must keep at least this pace (dribbling clients)
constexpr uint64_t kLingerMs = 2'000;  // after an early error reply, read and drop so that the client sees it
constexpr size_t kMaxConnectionsPerLoop = 60'000;  // beyond, accepting pauses; below the usual 65,536 ephemeral ports
constexpr size_t kListenBacklog = 2048;            // server-details 2: or the system's maximum
constexpr size_t kMaxPipelinedBytes = 64 * 1024;   // unread bytes kept while a reply is on its way; then reading pauses

// --- IPC ---
constexpr size_t kMaxFramePayload =
    1024 * 1024;                              // head (bounded below) plus an inline body; larger bodies travel as fd
constexpr size_t kMaxInlineBody = 64 * 1024;  // bodies up to this travel inside the frame
constexpr size_t kMaxReplyHeadBytes = 256 * 1024;  // header lines of one reply; browsers stop reading at 256 KB too
constexpr size_t kMaxReplyHeaders = 512;
constexpr size_t kMaxConfigBytes = 16 * 1024 * 1024;  // the whole configuration of a server in one frame
constexpr size_t kMaxPendingDescriptors = 64;  // received but not yet claimed by a frame; more is a protocol error
constexpr size_t kChannelHighWater = 4 * 1024 * 1024;  // unsent bytes towards one worker; it then gets nothing more
constexpr uint64_t kMaxReplyBodyBytes = 4ull * 1024 * 1024 * 1024;  // one reply; larger ones should be files

// --- replies over time (deferred and chunked) ---
constexpr size_t kMaxStreams = 65'536;  // open ones of one loop at one worker: more than a loop has connections
// What the kernel may hold unsent for the client of a chunked reply (TCP_NOTSENT_LOWAT): enough to keep a fast client
// busy, little enough that live pictures are live.
constexpr size_t kStreamUnsentBytes = 128 * 1024;
constexpr size_t kMaxChunkMemory = 16 * 1024 * 1024;  // of one stream, sent by script and not yet pulled
constexpr size_t kPieceHighWater = 256 * 1024;        // unsent pieces in a worker, of all its streams of a loop
constexpr uint64_t kIdleChunkMs = 4;      // a chunk callback that sent nothing is called again after this...
constexpr uint64_t kIdleChunkMaxMs = 64;  // ...doubled each time up to this, when it has no chunkDelay

// --- events (rampart.event) ---
constexpr size_t kMaxEventNameBytes = 32 * 1024;         // an event's or a listener's name; a frame holds two
constexpr size_t kMaxEventBytes = 64 * 1024 * 1024;      // data of one trigger: more than a whole upload (maxBodySize)
constexpr size_t kMaxInlineEvent = 64 * 1024;            // data up to this travel inside the frame, larger ones as fd
constexpr size_t kMaxEventsPerContext = 65'536;          // different events that one context listens to...
constexpr size_t kMaxEventNamesBytes = 8 * 1024 * 1024;  // ...and their names together: the frontend keeps them
constexpr size_t kEventWindow = 1024 * 1024;             // bytes that a context may have sent and the hub not passed on
constexpr size_t kEventBatchBytes = 64 * 1024;           // a context sends at the latest when so much waits
constexpr size_t kEventHighWater = 4 * 1024 * 1024;    // unsent bytes for one listener; then its senders are stopped...
constexpr size_t kEventLowWater = 1024 * 1024;         // ...until no more than this is unsent
constexpr uint64_t kEventPatienceMs = 5'000;           // a listener that takes less than that in so long misses events
constexpr size_t kEventInboxBytes = 4 * 1024 * 1024;   // received and not yet run; then the channel is not read
constexpr size_t kMaxEventCopy = 1024 * 1024;          // data that came as fd: copied at once up to this, fds are few
constexpr size_t kEventQueueBytes = 64 * 1024 * 1024;  // the same with a context's own triggers; then trigger() throws
constexpr uint64_t kEventRoundNs = 1'000'000;          // callbacks run so long, then I/O and timers get their turn
constexpr uint64_t kEventSyncMs = 1'000;               // a context waits at most so long until the hub knows a listener

// --- compiled scripts (worker/compile_*) ---
constexpr uint64_t kCompileTimeoutMs = 20'000;                // a large file takes 1 s, an overloaded machine longer
constexpr size_t kCompileMemoryBytes = 1024 * 1024 * 1024;    // of a compile process; a file of 1 MB takes 200 MB
constexpr size_t kMaxCompiledBytes = 64 * 1024 * 1024;        // one reply of a compile process: sources of some 30 MB
constexpr uint64_t kCompileCacheBytes = 64ull * 1024 * 1024;  // of one user's folder
constexpr size_t kReplacedSourceBytes = 1024 * 1024;  // texts of files that were loaded again since, for toString()
constexpr size_t kRecentTexts = 32;                   // compiled texts of eval() and Function() in memory
constexpr size_t kRecentTextBytes = 16 * 1024;        // the largest of them
constexpr size_t kCompileCacheEntries = 4096;         // of one user's folder: each store looks at all of them

// --- workers (frontend's worker table) ---
constexpr uint32_t kMaxLoops = 16;  // frontend event loops; claim words: kMaxLoops * kWindow = one page
constexpr uint32_t kWindow = 64;    // requests that one loop may have at one worker
constexpr uint32_t kMaxWorkers = 512;
constexpr uint64_t kSpawnDeadlineMs = 10'000;      // fork to Hello; a loaded machine is slow, a stuck child is not
constexpr uint64_t kHardTimeoutExtraMs = 50;       // DESIGN 3: hard = soft + 50 ms
constexpr uint64_t kUnknownServiceNs = 1'000'000;  // a request's time at a worker of which nothing is known yet
constexpr uint64_t kFastServiceNs = 30'000;      // requests that take less are worth a batch (frontend/service_time.h)
constexpr uint64_t kShortBacklogNs = 200'000;    // the most such work that a batch holds while another worker is idle
constexpr uint64_t kSlowAfterNs = 3'000'000;     // a request that runs longer is slow: its neighbours are revoked
constexpr uint64_t kTickMs = 2;                  // how often a loop looks at its claim words while requests are out
constexpr uint64_t kStarvedRetryMs = 50;         // ipc::Channel::is_starved(): until the next attempt to send
constexpr uint64_t kLongTickMs = 10;             // the same when nothing waits behind what runs
constexpr uint64_t kOwedTickMs = 200;            // the same when workers only owe replies: deferred or chunked ones
constexpr uint64_t kRequestBatchNs = 200'000;    // a busy loop holds requests back so long, for one write (DESIGN 2.3)
constexpr uint64_t kReplyBatchNs = 200'000;      // DESIGN 2.3: the oldest unsent reply of a worker waits at most this
constexpr uint64_t kStalledCheckMs = 1'000;      // a worker that takes no request for so long is looked at
constexpr uint64_t kRetireMs = 1'000;            // a worker that said Retire must be gone by then
constexpr uint64_t kRespawnDelayMs = 200;        // DESIGN 3: 200 ms x 2^n ...
constexpr uint64_t kRespawnDelayMaxMs = 10'000;  // ... up to 10 s
constexpr uint64_t kShortRespawnDelayMs = 800;   // requests wait for a worker that comes so soon; beyond it: 503
constexpr uint64_t kRespawnResetMs = 100;        // a worker that was ready for so long has lived: resets the delay
constexpr uint32_t kFreeIdleDeaths = 3;          // idle deaths in a row, after short lives, that are replaced at once
constexpr uint32_t kMaxLostWorkers =
    kMaxWorkers;                               // workers that may die with a request that they have not begun; then 502
constexpr size_t kQueueLength = 1024;          // requests waiting for a worker, per loop; then 503
constexpr uint64_t kQueueAgeMs = 30'000;       // the oldest of them; then 503
constexpr uint32_t kRetryAfterSeconds = 1;     // Retry-After of our 503
constexpr uint64_t kGraceMs = 10'000;          // shutdown: what runs may finish within this
constexpr size_t kMaxReplyMemory = 64 * 1024;  // bytes of one reply that wait in the frontend's memory

// --- workers (their own side) ---
constexpr uint64_t kDefaultMaxMemoryBytes = 512ull * 1024 * 1024;  // script heap of one worker (option maxMemory)
constexpr uint64_t kAddressSpaceSlack = 512ull * 1024 * 1024;      // RLIMIT_AS above the heap limit: libraries, stacks
// Processes and threads that scripts may have beside the server's own (RLIMIT_NPROC). The kernel counts per user, not
// per server, so this is added to what there is at the zygote's birth. A fork bomb of some hundred processes slows its
// neighbours for a moment; one of some thousand starves them.
constexpr uint64_t kProcessesOfScripts = 512;
constexpr uint64_t kMaxZipExtractBytes = 4ull * 1024 * 1024 * 1024;  // one zipExtract(): what a ZIP without ZIP64 holds
constexpr size_t kMaxNormalizedBytes = 256 * 1024 * 1024;  // String.normalize(): NFKC makes up to 18 characters of one
constexpr size_t kMaxQueryPieces = 1000;  // server-details 8.1: bound the number of pieces (PHP's max_input_vars)
constexpr size_t kMaxMultipartParts = 1000;
constexpr size_t kMaxMultipartHeaderBytes = 16 * 1024;  // header lines of one part

}  // namespace ravelin::limits
