/* The manual, "Chunking Examples": sending a large file in chunks, as printed. */

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
    req.file="/path/to/myfile.mp4";
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
