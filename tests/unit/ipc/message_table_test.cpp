#include "ipc/message_table.h"

#include <gtest/gtest.h>
#include <stdio.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "common/limits.h"

namespace ravelin::ipc {
namespace {

constexpr Role kRoles[] = {Role::kLauncher, Role::kFrontend, Role::kZygote, Role::kWorker};

struct DocumentedRow {
  int type = 0;
  std::string name;
  uint8_t senders = 0;
  uint64_t min_payload = 0;
  uint64_t max_payload = 0;
  std::string descriptor;
};

std::vector<std::string> split_row(const std::string& line) {
  std::vector<std::string> cells;
  std::istringstream stream(line.substr(1));
  for (std::string cell; std::getline(stream, cell, '|');) {
    size_t first = cell.find_first_not_of(' ');
    size_t last = cell.find_last_not_of(' ');
    cells.push_back(first == std::string::npos ? "" : cell.substr(first, last - first + 1));
  }
  return cells;
}

// "L to F, Z to F": the bits of everyone before a "to".
uint8_t parse_senders(const std::string& who) {
  uint8_t senders = 0;
  for (size_t at = who.find(" to "); at != std::string::npos; at = who.find(" to ", at + 1)) {
    size_t role = std::string_view("LFZW").find(at > 0 ? who[at - 1] : ' ');
    EXPECT_NE(role, std::string_view::npos) << who;
    senders = static_cast<uint8_t>(senders | (1u << role));  // Role's values are the bits in this order
  }
  return senders;
}

// "12", "0 to 4096", "8 to 16 MB".
void parse_payload(const std::string& text, DocumentedRow& row) {
  unsigned long least = 0, most = 0;
  char unit[8] = "";
  int fields = sscanf(text.c_str(), "%lu to %lu %7s", &least, &most, unit);
  EXPECT_GE(fields, 1) << text;
  EXPECT_TRUE(unit[0] == '\0' || std::string_view(unit) == "MB") << text;
  row.min_payload = least;
  row.max_payload = fields == 1 ? least : unit[0] == '\0' ? most : most * 1024 * 1024;
}

std::vector<DocumentedRow> read_protocol_page() {
  auto page = std::filesystem::path(__FILE__).parent_path() / "../../../ipc/PROTOCOL.md";
  std::ifstream file(page);
  EXPECT_TRUE(file) << page << " not found: run the unit tests in the root of the tree";
  std::vector<DocumentedRow> rows;
  bool in_table = false;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("| type | name | who |")) in_table = true;
    if (!in_table || line.starts_with("| type") || line.starts_with("| ---")) continue;
    if (!line.starts_with("|")) break;
    std::vector<std::string> cells = split_row(line);
    EXPECT_GE(cells.size(), 6u) << line;
    if (cells.size() < 6) continue;
    DocumentedRow row;
    row.type = std::stoi(cells[0]);
    row.name = cells[1];
    row.senders = parse_senders(cells[2]);
    parse_payload(cells[3], row);
    row.descriptor = cells[4];
    rows.push_back(row);
  }
  return rows;
}

std::string descriptor_word(Descriptor descriptor) {
  switch (descriptor) {
    case Descriptor::kNever:
      return "never";
    case Descriptor::kOptional:
      return "optional";
    case Descriptor::kAlways:
      return "always";
  }
  return "";
}

// A header that its row allows from `sender`.
FrameHeader good_header(const MessageRule& rule) {
  FrameHeader header;
  header.type = static_cast<uint8_t>(rule.type);
  header.payload_bytes = rule.min_payload;
  header.flags = rule.descriptor == Descriptor::kAlways ? kFlagDescriptor : 0;
  return header;
}

Role some_sender(const MessageRule& rule) {
  for (Role role : kRoles)
    if ((rule.senders & static_cast<uint8_t>(role)) != 0) return role;
  ADD_FAILURE() << rule.name << " has no sender";
  return Role::kLauncher;
}

template <typename Visit>
void for_each_rule(Visit visit) {
  for (uint8_t type = 1; type <= kMaxFrameType; ++type) {
    const MessageRule* rule = find_rule(type);
    ASSERT_NE(rule, nullptr) << int{type};
    SCOPED_TRACE(rule->name);
    visit(*rule);
  }
}

TEST(MessageTable, IsTheTableOfTheProtocolPage) {
  std::vector<DocumentedRow> rows = read_protocol_page();
  ASSERT_EQ(rows.size(), size_t{kMaxFrameType});
  for (size_t i = 0; i < rows.size(); ++i) {
    const DocumentedRow& row = rows[i];
    SCOPED_TRACE(row.name);
    EXPECT_EQ(row.type, static_cast<int>(i + 1));
    const MessageRule* rule = find_rule(static_cast<uint8_t>(row.type));
    ASSERT_NE(rule, nullptr);
    EXPECT_EQ(static_cast<int>(rule->type), row.type);
    EXPECT_EQ(rule->name, row.name);
    EXPECT_EQ(rule->senders, row.senders);
    EXPECT_EQ(rule->min_payload, row.min_payload);
    EXPECT_EQ(rule->max_payload, row.max_payload);
    EXPECT_EQ(descriptor_word(rule->descriptor), row.descriptor);
  }
}

TEST(MessageTable, ProtocolPageNamesTheVersion) {
  std::ifstream page(std::filesystem::path(__FILE__).parent_path() / "../../../ipc/PROTOCOL.md");
  std::string title;
  std::getline(page, title);
  EXPECT_EQ(title, "# The IPC protocol, version " + std::to_string(kProtocolVersion));
}

TEST(MessageTable, UnknownTypes) {
  for (int type = 0; type < 256; ++type) {
    if (type >= 1 && type <= kMaxFrameType) continue;
    EXPECT_EQ(find_rule(static_cast<uint8_t>(type)), nullptr) << type;
    FrameHeader header;
    header.type = static_cast<uint8_t>(type);
    for (Role role : kRoles) EXPECT_STREQ(check_header(header, role), "unknown frame type") << type;
  }
}

TEST(MessageTable, SendersAreThoseOfTheRow) {
  for_each_rule([](const MessageRule& rule) {
    for (Role role : kRoles) {
      const char* verdict = check_header(good_header(rule), role);
      if ((rule.senders & static_cast<uint8_t>(role)) != 0) {
        EXPECT_EQ(verdict, nullptr) << static_cast<int>(role);
      } else {
        EXPECT_STREQ(verdict, "frame type not allowed from this sender") << static_cast<int>(role);
      }
    }
  });
}

TEST(MessageTable, PayloadSizesAreBounded) {
  for_each_rule([](const MessageRule& rule) {
    EXPECT_LE(rule.min_payload, rule.max_payload);
    EXPECT_LE(rule.max_payload, limits::kMaxConfigBytes);
    FrameHeader header = good_header(rule);
    Role sender = some_sender(rule);
    header.payload_bytes = rule.max_payload;
    EXPECT_EQ(check_header(header, sender), nullptr);
    for (uint32_t too_long : {rule.max_payload + 1, 0x7fffffffu, 0xffffffffu}) {
      header.payload_bytes = too_long;
      EXPECT_STREQ(check_header(header, sender), "frame too long");
    }
    if (rule.min_payload == 0) return;
    for (uint32_t too_short : {rule.min_payload - 1, 0u}) {
      header.payload_bytes = too_short;
      EXPECT_STREQ(check_header(header, sender), "frame too short");
    }
  });
}

TEST(MessageTable, OnlyTheDescriptorFlagIsKnown) {
  for_each_rule([](const MessageRule& rule) {
    FrameHeader header = good_header(rule);
    for (int bit = 1; bit < 8; ++bit) {
      header.flags = static_cast<uint8_t>(good_header(rule).flags | (1 << bit));
      EXPECT_STREQ(check_header(header, some_sender(rule)), "unknown frame flag") << bit;
    }
  });
}

TEST(MessageTable, DescriptorsAreThoseOfTheRow) {
  for_each_rule([](const MessageRule& rule) {
    Role sender = some_sender(rule);
    FrameHeader with = good_header(rule), without = good_header(rule);
    with.flags = kFlagDescriptor;
    without.flags = 0;
    if (rule.descriptor == Descriptor::kNever) {
      EXPECT_STREQ(check_header(with, sender), "descriptor not allowed with this frame");
    } else {
      EXPECT_EQ(check_header(with, sender), nullptr);
    }
    if (rule.descriptor == Descriptor::kAlways) {
      EXPECT_STREQ(check_header(without, sender), "descriptor missing");
    } else {
      EXPECT_EQ(check_header(without, sender), nullptr);
    }
  });
}

TEST(MessageTable, HeaderLayoutIsThatOfTheProtocolPage) {
  FrameHeader header;
  header.payload_bytes = 0x04030201;
  header.type = 0x05;
  header.flags = 0x06;
  header.slot = 0x0807;
  header.stream = 0x100f0e0d0c0b0a09;
  std::string_view bytes(reinterpret_cast<const char*>(&header), sizeof header);
  EXPECT_EQ(bytes, "\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10");
}

}  // namespace
}  // namespace ravelin::ipc
