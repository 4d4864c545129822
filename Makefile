# Builds, runs, tests and installs Ravelin.
#
#   make run     install what is missing, build, serve the sample site on http://127.0.0.1:8088/
#   make test    install what is missing, build, run every test
#
# Other targets: all, unit, bench, fuzz, lint, install (PREFIX, DESTDIR), clean, deps.
# SAN=address,undefined or SAN=thread builds and tests a sanitizer variant in a build folder of its own.
# Sources are found by wildcard: a new .cpp needs no edit here.

SHELL := /bin/bash
.DELETE_ON_ERROR:
.SUFFIXES:

SAN ?=
comma := ,
BUILD := build$(if $(SAN),/san-$(subst $(comma),-,$(SAN)))
OBJ := $(BUILD)/obj
GEN := build/gen

PREFIX ?= /usr/local
DESTDIR ?=
PYTHON := /usr/bin/python3
PYTEST_ARGS ?=
FUZZ_SECONDS ?= 60

CC := gcc
CXX := g++
CLANGXX := clang++
CLANG := clang

DUKTAPE_SOURCE := /usr/share/duktape
LLHTTP_SOURCE := /usr/share/llhttp
LLHTTP_INCLUDE := /usr/share/include/llhttp
TYPESCRIPT_SOURCE := /usr/share/nodejs/typescript/lib/typescript.js
# What minify() needs of UglifyJS; without the package the function refuses.
UGLIFY_SOURCES := $(addprefix /usr/share/nodejs/uglify-js/lib/,utils.js ast.js transform.js parse.js scope.js output.js)

# ---- sources

find_sources = $(sort $(shell find $(1) -name '*.cpp' 2>/dev/null))
COMMON_SOURCES := $(call find_sources,common)
IPC_SOURCES := $(call find_sources,ipc)
FRONTEND_SOURCES := $(call find_sources,frontend)
# modules/ and include/ belong to script modules, each built as a .so of its own; bootstrap/ has a tool of the build.
WORKER_SOURCES := $(filter-out worker/modules/% worker/bootstrap/%,$(call find_sources,worker))
UNIT_SOURCES := $(call find_sources,tests/unit)
FUZZ_SOURCES := $(sort $(wildcard tests/fuzz/*_fuzz.cpp))
MAIN_SOURCES := frontend/main.cpp worker/main.cpp

object_of = $(addprefix $(1)/,$(addsuffix .o,$(basename $(2))))
SHARED_OBJECTS := $(call object_of,$(OBJ),$(IPC_SOURCES) $(COMMON_SOURCES))
FRONTEND_OBJECTS := $(call object_of,$(OBJ),$(FRONTEND_SOURCES))
WORKER_OBJECTS := $(call object_of,$(OBJ),$(WORKER_SOURCES))
UNIT_OBJECTS := $(call object_of,$(OBJ),$(UNIT_SOURCES))
LIBRARY_SOURCES := $(filter-out $(MAIN_SOURCES),$(COMMON_SOURCES) $(IPC_SOURCES) $(FRONTEND_SOURCES) $(WORKER_SOURCES))
LIBRARY_OBJECTS := $(call object_of,$(OBJ),$(LIBRARY_SOURCES))
LLHTTP_UNITS := api http llhttp
LLHTTP_OBJECTS := $(LLHTTP_UNITS:%=$(OBJ)/llhttp/%.o)
DUKTAPE_OBJECT := $(OBJ)/duktape/duktape.o
BOOTSTRAP_OBJECT := $(GEN)/bootstrap.o

# ---- flags

# Third-party headers are -isystem: our warnings are not for them. build/gen comes first, so that <duktape.h> is the
# configured copy and never the one of the system.
CPPFLAGS := -I. -isystem $(GEN) -isystem $(LLHTTP_INCLUDE) -DLLHTTP_STRICT_MODE=1
WARNINGS := -Wall -Wextra -Werror
HARDENING := -fstack-protector-strong -fPIE
LINK_HARDENING := -pie -Wl,-z,relro,-z,now -Wl,--as-needed

ifeq ($(SAN),)
  OPTIMISE := -O2 -g
  OPTIMISE_DUKTAPE := -O3 -g
  HARDENING += -D_FORTIFY_SOURCE=2
  SAN_FLAGS :=
  SAN_THIRD_PARTY :=
else
  OPTIMISE := -O1 -g -fno-omit-frame-pointer
  OPTIMISE_DUKTAPE := -O1 -g -fno-omit-frame-pointer
  SAN_FLAGS := -fsanitize=$(SAN)
  # Duktape and llhttp rely on arithmetic that UBSan reports; their undefined behaviour is not ours to judge.
  # They use no threads either, and the compile process would take many times as long.
  SAN_THIRD_PARTY := -fno-sanitize=undefined,thread
endif

CXXFLAGS = -std=c++20 $(OPTIMISE) $(WARNINGS) $(HARDENING) $(SAN_FLAGS)
THIRD_PARTY_FLAGS = $(HARDENING) $(SAN_FLAGS) $(SAN_THIRD_PARTY) -w
DEPENDENCIES = -MMD -MP

FRONTEND_LIBS := -levent_core -levent_pthreads -lpcre2-8 -lsodium -lpthread
WORKER_LIBS := -levent_core -lpcre2-8 -lpcre2-32 -lsodium -ldeflate -lidn2 -lunistring -ldl -lpthread
UNIT_LIBS := -lgtest_main -lgtest -levent_core -levent_pthreads -lpcre2-8 -lpcre2-32 -lsodium -ldeflate -lidn2 -lunistring -ldl -lpthread

# ---- programs

.PHONY: all programs unit unit-tests deps run test bench fuzz fuzz-targets lint format install clean

all: programs
programs: $(BUILD)/ravelin $(BUILD)/ravelin-frontend $(BUILD)/typescript.duk
unit-tests: $(BUILD)/unit-tests

# -rdynamic: script modules written in C look up the duk_* functions in the program that loads them.
$(BUILD)/ravelin: $(WORKER_OBJECTS) $(SHARED_OBJECTS) $(DUKTAPE_OBJECT) $(BOOTSTRAP_OBJECT)
	$(CXX) $(SAN_FLAGS) $(LINK_HARDENING) -rdynamic -o $@ $^ $(WORKER_LIBS)

$(BUILD)/ravelin-frontend: $(FRONTEND_OBJECTS) $(SHARED_OBJECTS) $(LLHTTP_OBJECTS)
	$(CXX) $(SAN_FLAGS) $(LINK_HARDENING) -o $@ $^ $(FRONTEND_LIBS)

$(BUILD)/unit-tests: $(UNIT_OBJECTS) $(LIBRARY_OBJECTS) $(DUKTAPE_OBJECT) $(BOOTSTRAP_OBJECT) $(LLHTTP_OBJECTS)
	$(CXX) $(SAN_FLAGS) $(LINK_HARDENING) -rdynamic -o $@ $^ $(UNIT_LIBS)

$(OBJ)/%.o: %.cpp Makefile | $(GEN)/duktape.cpp
	@mkdir -p $(@D)
	$(CXX) $(CPPFLAGS) $(CXXFLAGS) $(DEPENDENCIES) -c -o $@ $<

$(DUKTAPE_OBJECT): $(GEN)/duktape.cpp Makefile
	@mkdir -p $(@D)
	$(CXX) -std=c++17 $(OPTIMISE_DUKTAPE) $(THIRD_PARTY_FLAGS) $(DEPENDENCIES) -c -o $@ $<

$(OBJ)/llhttp/%.o: $(LLHTTP_SOURCE)/%.c Makefile
	@mkdir -p $(@D)
	$(CC) -std=c11 $(OPTIMISE) $(THIRD_PARTY_FLAGS) -DLLHTTP_STRICT_MODE=1 -I$(LLHTTP_INCLUDE) $(DEPENDENCIES) -c -o $@ $<

# One script run makes all three files; the .cpp is written last and stands for them.
$(GEN)/duktape.cpp: deploy/generate-duktape.sh $(DUKTAPE_SOURCE)/duktape.c $(DUKTAPE_SOURCE)/duk_config.h worker/engine_extra.inc
	deploy/generate-duktape.sh $(DUKTAPE_SOURCE) $(GEN)

# ---- JavaScript that is part of Ravelin, as bytecode (worker/bytecode.h). One engine of its own makes it, without
# sanitizers, whatever is built: the bytecode depends on the engine's configuration only.

HOST := $(GEN)/host
DUMP_BYTECODE := $(HOST)/dump-bytecode
BOOTSTRAP_SCRIPTS := library promise builtins compiled_code typescript_host minifier

$(HOST)/duktape.o: $(GEN)/duktape.cpp
	@mkdir -p $(@D)
	$(CXX) -std=c++17 -O2 -w -fPIE -c -o $@ $<

$(DUMP_BYTECODE): worker/bootstrap/dump_bytecode.cpp worker/bytecode.h $(HOST)/duktape.o
	$(CXX) -I. -isystem $(GEN) -std=c++20 -O2 $(WARNINGS) -fPIE -pie -o $@ $(filter-out %.h,$^)

$(GEN)/%.duk: worker/bootstrap/%.js $(DUMP_BYTECODE)
	$(DUMP_BYTECODE) $@ ravelin:$*.js $<

$(GEN)/minifier.js: worker/bootstrap/minifier_host.js $(wildcard $(UGLIFY_SOURCES)) Makefile
	@mkdir -p $(@D)
	{ echo '(function () {'; \
	  if [ "$(words $(wildcard $(UGLIFY_SOURCES)))" = "$(words $(UGLIFY_SOURCES))" ]; then \
	    cat $(UGLIFY_SOURCES) $<; echo 'return minify;'; \
	  fi; \
	  echo '})()'; } > $@

$(GEN)/minifier.duk: $(GEN)/minifier.js $(DUMP_BYTECODE)
	$(DUMP_BYTECODE) $@ ravelin:minifier.js $<

# The scripts that every heap runs are inside the program; the compiler is a file that only compile processes map.
$(BOOTSTRAP_OBJECT): $(BOOTSTRAP_SCRIPTS:%=$(GEN)/%.duk) Makefile
	{ echo '.section .rodata'; \
	  for name in $(BOOTSTRAP_SCRIPTS); do \
	    echo ".global ravelin_$${name}, ravelin_$${name}_size"; \
	    echo ".balign 16"; \
	    echo "ravelin_$${name}: .incbin \"$(GEN)/$$name.duk\""; \
	    echo "0: .balign 16"; \
	    echo "ravelin_$${name}_size: .quad 0b - ravelin_$${name}"; \
	  done; \
	  echo '.section .note.GNU-stack,"",@progbits'; } | $(CC) -c -x assembler -o $@ -

$(GEN)/typescript.js: deploy/generate-typescript.sh $(TYPESCRIPT_SOURCE)
	@mkdir -p $(@D)
	$^ $@

$(GEN)/typescript.duk: $(GEN)/typescript.js $(DUMP_BYTECODE)
	$(DUMP_BYTECODE) $@ ravelin:typescript.js $<

$(BUILD)/typescript.duk: $(GEN)/typescript.duk
	cp $< $@

# ---- fuzzing: everything but the two main functions, compiled by clang with coverage and sanitizers (third-party code
# without coverage: it is not what the targets explore)

FUZZ := build/fuzz
FUZZ_FLAGS := -std=c++20 -O1 -g -fno-omit-frame-pointer -fsanitize=fuzzer-no-link,address,undefined
FUZZ_NAMES := $(patsubst tests/fuzz/%_fuzz.cpp,%,$(FUZZ_SOURCES))
FUZZ_BINARIES := $(FUZZ_NAMES:%=$(FUZZ)/%_fuzz)
FUZZ_OBJECTS := $(call object_of,$(FUZZ)/obj,$(LIBRARY_SOURCES)) $(FUZZ)/obj/duktape/duktape.o $(BOOTSTRAP_OBJECT) \
  $(LLHTTP_UNITS:%=$(FUZZ)/obj/llhttp/%.o)

fuzz-targets: $(FUZZ_BINARIES)
fuzz: $(FUZZ_NAMES:%=fuzz-run-%)
	@echo "fuzz: $(words $(FUZZ_NAMES)) targets, $(FUZZ_SECONDS) s each, no finding"

# tests/fuzz/corpus/NAME holds the seeds and is only read; what the run discovers stays under build/.
.PHONY: $(FUZZ_NAMES:%=fuzz-run-%)
$(FUZZ_NAMES:%=fuzz-run-%): fuzz-run-%: $(FUZZ)/%_fuzz
	@mkdir -p $(FUZZ)/corpus/$* $(FUZZ)/findings
	UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 ASAN_OPTIONS=allocator_may_return_null=1 \
	  $(FUZZ)/$*_fuzz -max_total_time=$(FUZZ_SECONDS) -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
	  -artifact_prefix=$(FUZZ)/findings/$*- \
	  $(if $(wildcard tests/fuzz/$*.dict),-dict=tests/fuzz/$*.dict) \
	  $(FUZZ)/corpus/$* $(wildcard tests/fuzz/corpus/$*)

$(FUZZ)/%_fuzz: $(FUZZ)/obj/tests/fuzz/%_fuzz.o $(FUZZ_OBJECTS)
	$(CLANGXX) -fsanitize=fuzzer,address,undefined -o $@ $^ $(filter-out -lgtest -lgtest_main,$(UNIT_LIBS))

$(FUZZ)/obj/%.o: %.cpp Makefile | $(GEN)/duktape.cpp
	@mkdir -p $(@D)
	$(CLANGXX) $(CPPFLAGS) $(FUZZ_FLAGS) -Wall $(DEPENDENCIES) -c -o $@ $<

$(FUZZ)/obj/duktape/duktape.o: $(GEN)/duktape.cpp Makefile
	@mkdir -p $(@D)
	$(CLANGXX) -std=c++17 -O1 -g -fsanitize=address -w $(DEPENDENCIES) -c -o $@ $<

$(FUZZ)/obj/llhttp/%.o: $(LLHTTP_SOURCE)/%.c Makefile
	@mkdir -p $(@D)
	$(CLANG) -O1 -g -fsanitize=address -w -DLLHTTP_STRICT_MODE=1 -I$(LLHTTP_INCLUDE) $(DEPENDENCIES) -c -o $@ $<

# Keep objects that only pattern rules mention.
.SECONDARY:

# ---- everyday targets

deps:
	@deploy/install-deps.sh

# The dependencies come before anything is compiled, also under -j: hence the second make.
run: deps
	@+$(MAKE) --no-print-directory all
	$(BUILD)/ravelin deploy/web_server/web_server_conf.js

# Tests of the compiler start the program's compile processes.
unit: unit-tests programs
	$(BUILD)/unit-tests --gtest_brief=1 $(UNIT_ARGS)

test: deps
	@+$(MAKE) --no-print-directory all unit-tests
	@BUILD=$(BUILD) SAN=$(SAN) PYTHON=$(PYTHON) tests/support/run_all.sh $(PYTEST_ARGS)

bench: deps
	@+$(MAKE) --no-print-directory all
	RAVELIN_BUILD=$(CURDIR)/$(BUILD) PYTHONDONTWRITEBYTECODE=1 $(PYTHON) tests/bench/run.py $(BENCH_ARGS)

lint: deps
	@$(PYTHON) -B tests/support/lint.py

format: deps
	clang-format -i $$(find common ipc frontend worker tests -name '*.cpp' -o -name '*.h')

install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/lib/ravelin $(DESTDIR)$(PREFIX)/share/ravelin \
	  $(DESTDIR)$(PREFIX)/share/doc/ravelin
	install -m 755 $(BUILD)/ravelin $(BUILD)/ravelin-frontend $(DESTDIR)$(PREFIX)/bin/
	install -m 644 $(BUILD)/typescript.duk $(DESTDIR)$(PREFIX)/lib/ravelin/
	cp -R deploy/web_server deploy/types deploy/nginx $(DESTDIR)$(PREFIX)/share/ravelin/
	install -m 644 README.md LICENSE $(DESTDIR)$(PREFIX)/share/doc/ravelin/

clean:
	rm -rf build

-include $(shell find $(OBJ) $(FUZZ)/obj -name '*.d' 2>/dev/null)
