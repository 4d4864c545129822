// multipart/form-data to parts (RFC 7578, RFC 2046; server-details 8.4), as views of the body: only parameter values
// are copied. Also takes apart a Content-Type header. Not for: JavaScript values (js_request_body.cpp makes them). Pure
// functions; the input is a client's and may be anything.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ravelin::worker {

// "value; name=value; ..." taken apart: a Content-Type, or a header line of a part.
struct HeaderWithParameters {
  std::string_view value;                                       // before the first ';', blanks cut
  std::vector<std::pair<std::string, std::string>> parameters;  // names as sent, values unquoted, order kept

  // The value of the first parameter of that name in any case; nullptr when there is none.
  const std::string* find(std::string_view name) const;
};

// filename*=UTF-8''na%C3%AFve.txt (RFC 8187) takes the place of filename, as UTF-8. At most 32 parameters.
HeaderWithParameters parse_header_parameters(std::string_view text);

struct PartHeader {
  std::string_view name;  // as sent
  HeaderWithParameters content;
};

struct Part {
  std::vector<PartHeader> headers;
  std::string_view content;

  // A parameter of Content-Disposition; nullptr when absent.
  const std::string* name() const { return find_disposition("name"); }
  const std::string* filename() const { return find_disposition("filename"); }

 private:
  const std::string* find_disposition(std::string_view parameter) const;
};

// At most limits::kMaxMultipartParts parts; a part with more header bytes than limits::kMaxMultipartHeaderBytes, or
// whose header lines do not end, ends the list; header lines after the 64th are dropped. Without a final boundary the
// last part reaches to the end of the body. An empty boundary, or one of more than 200 bytes: no parts.
std::vector<Part> parse_multipart(std::string_view body, std::string_view boundary);

}  // namespace ravelin::worker
