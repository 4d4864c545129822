// Reason phrases of HTTP status codes (RFC 9110 15, IANA registry) and the built-in error pages (server-details 13.1).
// Shared because the frontend and the workers both answer with them. Pure functions.
#pragma once

#include <string>
#include <string_view>

namespace ravelin {

// The registered phrase; for an unregistered code a phrase of its class ("Client Error"), never empty.
std::string_view reason_phrase(int status);

// The built-in HTML page for an error status: title, one <h1> and one paragraph. `paragraph` is text and is escaped
// here; empty stands for a default sentence. `details`, when not empty, follows inside <pre>, escaped (developerMode).
std::string error_page(int status, std::string_view paragraph = {}, std::string_view details = {});

// The paragraph of the page for a script that its deadline has stopped, whoever answers.
inline constexpr std::string_view kTookTooLong = "The script took too long and was stopped.";

}  // namespace ravelin
