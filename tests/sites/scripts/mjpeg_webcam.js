/* The manual, "Chunking Examples": sending mjpeg from a webcam, as printed. */

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
        "ffmpeg", {background:true},
        '-hide_banner',
        '-loglevel',           'error',
        '-f',                  'video4linux2',
        '-i',                  '/dev/video0',
        '-vf',                 'fps=10',
        '-q:v',                '8',
        '-f',                  'segment',
        '-segment_time',       '0.0001',
        '-segment_format',     'singlejpeg',
        '-segment_wrap',       '4',
        '-segment_list',       'test.list',
        '-segment_list_size',  '1',
        'test%02d.jpg',
        '-y'
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
    user:'nobody',
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
