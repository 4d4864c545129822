#include "worker/compile_prepass.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace ravelin::worker {
namespace {

#define CALL "rampart.utils.sprintf("

struct Rewrite {
  const char* source;
  const char* expected;
};

TEST(Prepass, RewritesFormatsInTemplates) {
  const Rewrite table[] = {
      {"`${%H:x}`", "`${" CALL "\"%H\",x)}`"},
      {"`${ %05.1f: 2.25}`", "`${ " CALL "\"%05.1f\", 2.25)}`"},
      {"`${\"[%s] %03d\":\"id\", 7}`", "`${" CALL "\"[%s] %03d\",\"id\", 7)}`"},
      {"`${'it\\'s %s':a}`", "`${" CALL "'it\\'s %s',a)}`"},
      {"`${%s\\:%d:a,b}`", "`${" CALL "\"%s:%d\",a,b)}`"},
      {"`${%\"s\":a}`", "`${" CALL "\"%\\\"s\\\"\",a)}`"},
      {"`${%s:{a:1}.a}|${b}`", "`${" CALL "\"%s\",{a:1}.a)}|${b}`"},
      {"`${%s:`in ${%d:1}`}`", "`${" CALL "\"%s\",`in ${" CALL "\"%d\",1)}`)}`"},
      {"tag`a${%d:1}b`", "tag`a${" CALL "\"%d\",1)}b`"},
      {"`${%s:\nx}`", "`${" CALL "\"%s\",\nx)}`"},
  };
  for (const Rewrite& row : table) {
    EXPECT_TRUE(may_use_template_extensions(row.source)) << row.source;
    EXPECT_EQ(rewrite_template_extensions(row.source), row.expected) << row.source;
  }
}

TEST(Prepass, RewritesFences) {
  EXPECT_EQ(rewrite_template_extensions("a = ```c:\\new ${x}```;"), "a = `c:\\\\new \\${x}`;");
  EXPECT_EQ(rewrite_template_extensions("```one ` two `` three```"), "`one \\` two \\`\\` three`");
  EXPECT_EQ(rewrite_template_extensions("```a\nb```"), "`a\nb`");
  EXPECT_EQ(rewrite_template_extensions("``````"), "``");
}

TEST(Prepass, LeavesEverythingElse) {
  const char* const table[] = {
      "`${true ? \"yes\" : \"no\"}`",
      "`${\"a\"}` + `${'b' + c}`",
      "`${a ? {b:1} : %}`",
      "'${%s:x}' + \"${%s:x} ```\"",
      "// ${%s:x} `\nf(`${x}`)",
      "/* ` ${%s:x} */ `${x}`",
      "/`${%s:x}/.test(`${y}`)",
      "x = a / b; y = `${%",
      "if (a) /[`/]${%s:x}/.test(b)",
      "`\\${%s:x}`",
      "`\\\\`",
      "(a) / b; c = '`'; d = e / f",
      "a++ / b; '`${%s:x}'",
      "return /`/",
      "x = {} / 2; '`'",
      "} /`${%s:x}/",
      "'line \\\n continued ` ${%s:x}'",
      "`unfinished ${",
      "'unfinished",
      "```unfinished",
      "",
  };
  for (const char* source : table) EXPECT_EQ(rewrite_template_extensions(source), source);
}

TEST(Prepass, KnowsRegularExpressionsFromDivisions) {
  EXPECT_EQ(rewrite_template_extensions("a = b / c; d = `${%s:x}`; e / f"),
            "a = b / c; d = `${" CALL "\"%s\",x)}`; e / f");
  EXPECT_EQ(rewrite_template_extensions("f(/`/, `${%s:x}`)"), "f(/`/, `${" CALL "\"%s\",x)}`)");
  EXPECT_EQ(rewrite_template_extensions("x = y[0] / 2 + `${%s:x}` / 3"), "x = y[0] / 2 + `${" CALL "\"%s\",x)}` / 3");
  EXPECT_EQ(rewrite_template_extensions("o.return / 2; `${%s:x}`"), "o.return / 2; `${" CALL "\"%s\",x)}`");
}

TEST(Prepass, KeepsLines) {
  const std::string source = "a\n`\n${%s:\nx}\n`;\n```\n\n```\n`${%a\nb:c}`\nend";
  const std::string rewritten = rewrite_template_extensions(source);
  EXPECT_EQ(std::count(source.begin(), source.end(), '\n'), std::count(rewritten.begin(), rewritten.end(), '\n'));
}

TEST(Prepass, TellsWhereTheTextsGetOutOfStep) {
  const std::string source = "a `${%s:x}` b ```c\\d``` e `${\"%d\": y}` f";
  std::vector<TextShift> shifts;
  const std::string rewritten = rewrite_template_extensions(source, &shifts);
  for (const char* word : {"a", "x}", " b ", " e ", " y", " f"}) {
    const size_t out = word == std::string("x}") ? rewritten.find("x)") : rewritten.find(word);
    size_t in = out;
    for (const TextShift& shift : shifts)
      if (shift.out <= out) in = shift.in + (out - shift.out);
    EXPECT_EQ(in, source.find(word)) << word;
  }
  shifts.clear();
  rewrite_template_extensions("nothing `${to}` do", &shifts);
  EXPECT_TRUE(shifts.empty());
}

TEST(Prepass, FindsDeclarationsThatTheEngineMisunderstands) {
  for (const char* text : {"let [a] = b", "x;let[a]=b", "let\nx", "{ let [a] = b }", "let\n{x} = y"})
    EXPECT_TRUE(has_disguised_let(text)) << text;
  for (const char* text : {"", "let", "outlet[0]", "x = let[0]", "let = 1", "a.let [0]", "'let [a]'"})
    EXPECT_FALSE(has_disguised_let(text)) << text;
}

TEST(Directives, SayWhetherFunctionsKeepTheirText) {
  for (const char* text : {"", "x", "'use transpiler'", "'use transpiler:{}'",
                           "'use transpiler:{functionSources:true}'", "x; 'functionSources:false'"})
    EXPECT_TRUE(wants_function_sources(text)) << text;
  for (const char* text :
       {"'use transpiler:{functionSources:false}'", "// c\n\"use transpiler:{ 'functionSources' : false }\";",
        "'use transpilerGlobally:{functionSources: false, x: 1}'", "'use babel:{functionSources:false}'"})
    EXPECT_FALSE(wants_function_sources(text)) << text;
}

TEST(Directives, AreReadBehindComments) {
  EXPECT_EQ(read_directive("\"noTranspile\"\nx"), Directive::kNoTranspile);
  EXPECT_EQ(read_directive("#!/usr/bin/env ravelin\n/* a */ // b\n 'noTranspile';"), Directive::kNoTranspile);
  EXPECT_EQ(read_directive("\"use babel:{ presets: [] }\""), Directive::kBabel);
  EXPECT_EQ(read_directive("'use babelGlobally'"), Directive::kBabel);
  EXPECT_EQ(read_directive("\"use transpiler\""), Directive::kTranspiler);
  EXPECT_EQ(read_directive("'use transpiler:{functionSources:false}'"), Directive::kTranspiler);
  EXPECT_EQ(read_directive("\"use transpilerGlobally\"; x"), Directive::kTranspilerGlobally);
  for (const char* other : {"\"use strict\"", "\"use transpilers\"", "", "x", "'noTrans", "/* 'noTranspile'"})
    EXPECT_EQ(read_directive(other), Directive::kNone) << other;
}

}  // namespace
}  // namespace ravelin::worker
