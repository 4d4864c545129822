/* The manual, "Chunking Examples": sending mjpeg, simple, as printed. */

var server=require("rampart-server");
var curl = require("rampart-curl");
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
