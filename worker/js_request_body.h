// What a request's body means: req.postData by Content-Type, and req.params, which merges it with query, cookies and
// headers (server-details 8.4, 8.5). Both are made together when there is a body, so that they share their values. Not
// for: parsing of the formats (parse_query.h, parse_multipart.h). Workers, inside a Duktape call.
#pragma once

#include <duktape.h>

#include "worker/js_request_lazy.h"

namespace ravelin::worker {

// Pushes two values: [ ... postData params ].
void push_post_data_and_params(duk_context* js, const RequestSource& source);

// Pushes postData, or params, of a request without body.
void push_post_data(duk_context* js, const RequestSource& source);
void push_params(duk_context* js, const RequestSource& source);

// Pushes the body as a Buffer: the request's own, or a copy for an older req.
void push_body_buffer(duk_context* js, const RequestSource& source);

}  // namespace ravelin::worker
