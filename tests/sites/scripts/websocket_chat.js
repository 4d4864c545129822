/* The manual, "Example echo/chat server", as printed. */

/* load the http server module */
var server=require("rampart-server");

/* this function just returns html */
function frontpage(req)
{
    return {html:
    `<html><body>
        <div id="chatbox"></div>
        <input id="chatin" type=text style="width:50%">
        <button id="send">send</button>
        <script>
            var chatbox = document.getElementById('chatbox');
            var chatin = document.getElementById('chatin');
            var send = document.getElementById('send');
            var socket = new WebSocket("ws://localhost:8088/ws");

            function showmsg(msg){
                var node = document.createElement('p');
                var textnode = document.createTextNode(msg.data);
                node.appendChild(textnode);
                chatbox.appendChild(node);
            }

            socket.addEventListener('open', function(e){
                socket.onmessage = showmsg;
            });

            send.onclick = function(){
                if(socket.readyState === socket.OPEN) {
                    socket.send(chatin.value);
                    chatin.value="";
                }
            };

        </script>
    </body></html>`};
}

function ws_handler(req)
{
    /* the setup upon first connecting */
    if (req.count==0)
    {
        /* make a name for our event callback function
           which is unique for this connection and that we can
           use to insert and remove the event callback         */
        var func_name = "myfunc_" + req.websocketId;

        /* what to do if client disconnects */
        req.wsOnDisconnect(function(){
            //remove our event callback function */
            rampart.event.off("myev", func_name);
            rampart.utils.printf("disconnected...\n");
        });

        /* insert the callback */
        rampart.event.on("myev", func_name, function(req, data)
        {
            // only send if from someone else
            if (data.id != req.websocketId)
                req.wsSend(data.msg);
        }, req);

        /* first connect message */
        return "Greetings, I'm an example echo/chat server";
    }

    /* second and subsequent runs of this callback start here: */

    //convert body from a buffer to a string
    req.body = rampart.utils.bufferToString(req.body);

    if(req.body.length)
    {
        /* send message to any other client that is connected */
        rampart.event.trigger(
            "myev",
            {
                id: req.websocketId,
                msg: "a message from "+req.websocketId + ": " + req.body
            }
        );

        /* echo message to this client */
        return req.body;
    }
    //do nothing if we get to here.
}

var pid=server.start(
{
    map:
    {
        "/" : frontpage,
        "ws:/ws": ws_handler
    }
});

rampart.utils.printf("\nWebchat is available here:\nhttp://127.0.0.1:8088/\n");
