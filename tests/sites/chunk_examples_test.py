"""The manual's chunking examples, as printed, but for the source of the pictures: a local JPEG in place of the network,
a shell in place of ffmpeg and its camera; and for the address and user."""

from support import processes
from support.site import IS_ROOT, USER
from support.timing import wait_until

MP4 = bytes(range(256)) * 16 * 25 + b"the end"  # 25 pieces of 4096 bytes and a short one
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00 \x80\x81 % \xc3\x28 \xf0\x9f \r\n--" + bytes(range(256)) * 40 + b"\xff\xd9"

LARGE_FILE = r"""
    var server=require("rampart-server");
    rampart.globalize(rampart.utils);

    function sendchunk(req){
        var chunk = readFile(req.file, req.chunkIndex * req.chunkSize, req.chunkSize);

        if(req.stat.size > (req.chunkIndex+1) * req.chunkSize)
            req.chunkSend(chunk);
        else
            req.chunkEnd(chunk);
    }

    function sendfile(req) {

        req.chunkSize = 4096; //for convenience and available in sendchunk above
        req.file="@DIR@/myfile.mp4";
        req.stat= stat(req.file);
        return {
            "mp4": sendchunk,
            chunk:  true,
            headers: {
                'Content-Disposition': 'attachment; filename="myfile.mp4"'
            }
        };
    }

    /****** START SERVER *******/
    printf("Starting https server\nmp4 is at http://localhost:8088/myfile.mp4\n\n");
    var serverpid=server.start(
    {
        @START@
        map:
        {
            "/":            function(req){
                                return {
                                    status:302,
                                    headers:{location:'/myfile.mp4'}
                                }
                            },
            "/myfile.mp4":  sendfile
        }
    });
"""

MJPEG_SIMPLE = r"""
    var server=require("rampart-server");
    var curl = { fetch: function(url, options) { return { body: readFile("@DIR@/camera.jpg") }; } };
    rampart.globalize(rampart.utils);

    function sendpic(req){

        msg=curl.fetch('https://jpg.nyctmc.org/5',{insecure:true});

        req.chunkSend(
            sprintf("--myboundary\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n%s",
                msg.body.length,msg.body)
        );
    }

    /* we don't need a chunk delay, the fetch takes a bit of time. */
    function mjpeg(req) {
        return {"data":sendpic, chunk:true, headers:
            {"Content-Type": "multipart/x-mixed-replace;boundary=myboundary"}
        };
    }

    /****** START SERVER *******/
    printf("Starting https server\nmjpeg is at http://localhost:8088/mjpeg.jpg\n\n");
    var serverpid=server.start(
    {
        @START@
        map:
        {
            "/":  function(req){
                        return {
                            status:302,
                            headers: {
                                location:'/mjpeg.jpg'
                            }
                        }
                  },
            "/mjpeg.jpg": mjpeg
        }
    });
"""

MJPEG_WEBCAM = r"""
    var server=require("rampart-server");
    rampart.globalize(rampart.utils);


    function sendpic_wcam(req){
        var file;

        //skip the first callback if first jpeg is not ready.
        try { file = trim(readFile("test.list",0 ,0, true)); } catch(e){}

        if(file)
        {
            req.printf("--myboundary\r\nContent-Type: image/jpeg\r\n\r\n"); //write header
            req.chunkSend('@'+file); //send jpeg directly from file
        }
    }


    function start_ffmpeg(){
        var pid=0;
        try{
            pid=parseInt(readFile("./ffmpeg.pid"));
        } catch(e){}

        if( pid && kill(pid,0))
            return; //it's running

        /* save video from webcam at 10 fps*/
        ret = exec(
            "sh", {background:true},
            '-c', 'sleep 0.3; cp @DIR@/camera.jpg test00.jpg; cp @DIR@/camera.jpg test01.jpg; echo test00.jpg > test.list; sleep 0.5; echo test01.jpg > test.list; exec sleep 20'
        );
        fprintf("./ffmpeg.pid", "%d", ret.pid);
    }

    function mjpeg(req) {
        start_ffmpeg();

        return {"data":sendpic_wcam, chunk:true, chunkDelay: 100, headers:
            {"Content-Type": "multipart/x-mixed-replace;boundary=myboundary"}
        };
    }

    /****** START SERVER *******/
    printf("Starting https server\nmjpeg is at http://localhost:8088/mjpeg.jpg\n\n");
    var serverpid=server.start(
    {
        @START@
        map:
        {
            "/":  function(req){
                        return {
                            status:302,
                            headers: {
                                location:'/mjpeg.jpg'
                            }
                        }
                  },
            "/mjpeg.jpg": mjpeg
        }
    });
"""


def served(site, script, **options):
    start = 'bind: "127.0.0.1:@PORT@",' + (f'user: "{USER}",' if IS_ROOT else "")
    return site(script.replace("@START@", start), files={"myfile.mp4": MP4, "camera.jpg": JPEG}, **options)


def test_sending_a_large_file_in_chunks(site):
    s = served(site, LARGE_FILE)
    redirect = s.get("/")
    assert (redirect.status, redirect.headers["location"]) == (302, "/myfile.mp4")
    reply = s.get("/myfile.mp4")
    assert reply.headers["Content-Type"] == "video/mp4" and "myfile.mp4" in reply.headers["Content-Disposition"]
    assert (reply.body, reply.chunks) == (MP4, [4096] * 25 + [7])


def read_pieces(connection, count):
    pieces = []
    for _ in range(count):
        size = int(connection._take_until(b"\r\n", "a chunk size"), 16)
        pieces.append(connection._take(size + 2, "a chunk")[:-2])
    return pieces


def test_mjpeg_simple(site):
    s = served(site, MJPEG_SIMPLE)
    with s.connect() as c:
        c.send_request("GET", "/mjpeg.jpg")
        assert c.read_head().headers["Content-Type"] == "multipart/x-mixed-replace;boundary=myboundary"
        picture = b"--myboundary\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(JPEG) + JPEG
        assert read_pieces(c, 200) == [picture] * 200
        assert s.get("/").status == 302, "others are served between the frames"


def test_mjpeg_with_a_camera(site):
    s = served(site, MJPEG_WEBCAM, start=False)
    s.cwd = str(s.data)  # where the script's relative names are, and its user may write
    s.command[-1] = str(s.dir / "app.js")
    s.start()
    connections = [s.connect() for _ in range(2)]
    for c in connections:
        c.send_request("GET", "/mjpeg.jpg")
        # Else both requests, each in a worker of its own, may find no camera running and start one.
        wait_until(lambda: (s.data / "ffmpeg.pid").exists() and (s.data / "ffmpeg.pid").read_text())
    for c in connections:
        assert c.read_head().headers["Content-Type"] == "multipart/x-mixed-replace;boundary=myboundary"
        assert read_pieces(c, 8) == [b"--myboundary\r\nContent-Type: image/jpeg\r\n\r\n" + JPEG] * 8
        c.close()
    processes.kill(int((s.data / "ffmpeg.pid").read_text()))
