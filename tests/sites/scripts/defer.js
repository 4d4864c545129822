/* The manual, "The Return Object with Defer", as printed; mapped below. */

function defer_test(req){

    // send reply after waiting 2 seconds
    setTimeout(function(){
        req.reply({text:"made ya wait!"});
    }, 2000);

    return {defer:true}; //don't send to client yet.
}

require("rampart-server").start({ map: { "/defer": defer_test } });
