// What ECMAScript 2015 to 2022 added to the library and the engine lacks (runtime-api 1.5): compiled to bytecode when
// Ravelin is built, run once when a heap is made (worker/js_library.cpp), before anything of the site. Only what is missing is added.
// Not for: Map, Set, WeakMap, WeakSet and iterators (native), Promise (promise.js), Math (native), what compiled code
// calls (compiled_code.js).
(function () {
  "use strict";

  var iterator = Symbol.iterator;

  function define(target, functions) {
    Object.keys(functions).forEach(function (name) {
      if (Object.prototype.hasOwnProperty.call(target, name)) return;
      Object.defineProperty(target, name, { value: functions[name], writable: true, configurable: true });
    });
  }

  function toInteger(value) {
    value = Number(value);
    return value !== value ? 0 : Math.trunc(value);
  }

  function lengthOf(object) {
    return Math.min(Math.max(toInteger(object.length), 0), Number.MAX_SAFE_INTEGER);
  }

  // An index argument that counts from the end when it is negative, kept within the length.
  function relative(value, length, missing) {
    if (value === undefined) return missing;
    value = toInteger(value);
    return value < 0 ? Math.max(length + value, 0) : Math.min(value, length);
  }

  function toObject(value, method) {
    if (value === null || value === undefined) throw new TypeError(method + ": this is null or undefined");
    return Object(value);
  }

  function toText(value, method) {
    if (value === null || value === undefined) throw new TypeError(method + ": this is null or undefined");
    return String(value);
  }

  function needFunction(value, method) {
    if (typeof value !== "function") throw new TypeError(method + ": callback must be a Function");
  }

  function sameValueZero(a, b) {
    return a === b || (a !== a && b !== b);
  }

  // ---- symbols

  ["asyncIterator", "match", "matchAll", "replace", "search", "split", "species", "unscopables"].forEach(function (name) {
    if (Symbol[name] === undefined) Object.defineProperty(Symbol, name, { value: Symbol("Symbol." + name) });
  });
  if (!("description" in Symbol.prototype)) {
    Object.defineProperty(Symbol.prototype, "description", {
      get: function () {
        var text = Symbol.prototype.toString.call(this);
        return text.slice(7, -1);
      },
      configurable: true
    });
  }

  // ---- walking through iterables

  // Calls visit(value) for each; closes the iterator when visit throws.
  function eachOf(iterable, visit) {
    var method = iterable[iterator];
    if (typeof method !== "function") throw new TypeError("value is not iterable");
    var source = method.call(iterable);
    var next = source.next;
    for (;;) {
      var step = next.call(source);
      if (step === null || typeof step !== "object") throw new TypeError("an iterator's next() must return an Object");
      if (step.done) return;
      try {
        visit(step.value);
      } catch (error) {
        try {
          if (typeof source.return === "function") source.return();
        } catch (ignored) {
          // the first error counts
        }
        throw error;
      }
    }
  }

  // ---- Object

  define(Object, {
    values(object) {
      object = toObject(object, "Object.values");
      var keys = Object.keys(object);
      for (var i = 0; i < keys.length; ++i) keys[i] = object[keys[i]];
      return keys;
    },
    entries(object) {
      object = toObject(object, "Object.entries");
      var keys = Object.keys(object);
      for (var i = 0; i < keys.length; ++i) keys[i] = [keys[i], object[keys[i]]];
      return keys;
    },
    hasOwn(object, key) {
      return Object.prototype.hasOwnProperty.call(toObject(object, "Object.hasOwn"), key);
    },
    fromEntries(iterable) {
      var result = {};
      eachOf(iterable, function (entry) {
        if (entry === null || typeof entry !== "object") throw new TypeError("Object.fromEntries: an entry is no Object");
        Object.defineProperty(result, entry[0],
                              { value: entry[1], writable: true, enumerable: true, configurable: true });
      });
      return result;
    },
    groupBy(iterable, callback) {
      needFunction(callback, "Object.groupBy");
      var groups = Object.create(null);
      var index = 0;
      eachOf(iterable, function (value) {
        var key = callback(value, index++);
        if (typeof key !== "symbol") key = String(key);
        if (key in groups) groups[key].push(value);
        else groups[key] = [value];
      });
      return groups;
    },
    getOwnPropertyDescriptors(object) {
      object = toObject(object, "Object.getOwnPropertyDescriptors");
      var result = {};
      Reflect.ownKeys(object).forEach(function (key) {
        result[key] = Object.getOwnPropertyDescriptor(object, key);
      });
      return result;
    }
  });

  // ---- Array

  function newArray(Class, length) {
    return typeof Class === "function" && Class !== Array ? (length === undefined ? new Class() : new Class(length)) : [];
  }

  // The index that a search stops at, or -1.
  function search(object, callback, thisValue, isBackwards, method) {
    needFunction(callback, method);
    var length = lengthOf(object);
    for (var n = 0; n < length; ++n) {
      var i = isBackwards ? length - 1 - n : n;
      if (callback.call(thisValue, object[i], i, object)) return i;
    }
    return -1;
  }

  function flatten(target, source, depth, callback, thisValue) {
    var length = lengthOf(source);
    for (var i = 0; i < length; ++i) {
      if (!(i in source)) continue;
      var item = callback === undefined ? source[i] : callback.call(thisValue, source[i], i, source);
      if (depth > 0 && Array.isArray(item)) flatten(target, item, depth - 1);
      else target.push(item);
    }
    return target;
  }

  define(Array, {
    from(items, callback, thisValue) {
      if (items === null || items === undefined) throw new TypeError("Array.from: argument is null or undefined");
      if (callback !== undefined) needFunction(callback, "Array.from");
      var i = 0;
      var result;
      if (typeof items[iterator] === "function") {
        result = newArray(this);
        eachOf(items, function (value) {
          result[i] = callback === undefined ? value : callback.call(thisValue, value, i);
          ++i;
        });
      } else {
        items = Object(items);
        var length = lengthOf(items);
        result = newArray(this, length);
        for (; i < length; ++i) result[i] = callback === undefined ? items[i] : callback.call(thisValue, items[i], i);
      }
      result.length = i;
      return result;
    },
    of() {
      var result = newArray(this, arguments.length);
      for (var i = 0; i < arguments.length; ++i) result[i] = arguments[i];
      result.length = arguments.length;
      return result;
    }
  });
  ["from", "of"].forEach(function (name) {  // all parameters of `of` are rest parameters, two of `from` are optional
    Object.defineProperty(Array[name], "length", { value: name === "from" ? 1 : 0, configurable: true });
  });

  var searching = {
    find(callback /*, thisValue */) {
      var object = toObject(this, "Array.prototype.find");
      var i = search(object, callback, arguments[1], false, "find");
      return i < 0 ? undefined : object[i];
    },
    findIndex(callback /*, thisValue */) {
      return search(toObject(this, "Array.prototype.findIndex"), callback, arguments[1], false, "findIndex");
    },
    findLast(callback /*, thisValue */) {
      var object = toObject(this, "Array.prototype.findLast");
      var i = search(object, callback, arguments[1], true, "findLast");
      return i < 0 ? undefined : object[i];
    },
    findLastIndex(callback /*, thisValue */) {
      return search(toObject(this, "Array.prototype.findLastIndex"), callback, arguments[1], true, "findLastIndex");
    },
    includes(value /*, from */) {
      var object = toObject(this, "Array.prototype.includes");
      var length = lengthOf(object);
      for (var i = relative(arguments[1], length, 0); i < length; ++i) {
        if (sameValueZero(object[i], value)) return true;
      }
      return false;
    },
    at(index) {
      var object = toObject(this, "Array.prototype.at");
      index = toInteger(index);
      return object[index < 0 ? lengthOf(object) + index : index];
    },
    fill(value /*, start, end */) {
      var object = toObject(this, "Array.prototype.fill");
      var length = lengthOf(object);
      var end = relative(arguments[2], length, length);
      for (var i = relative(arguments[1], length, 0); i < end; ++i) object[i] = value;
      return object;
    },
    copyWithin(target, start /*, end */) {
      var object = toObject(this, "Array.prototype.copyWithin");
      var length = lengthOf(object);
      var to = relative(target, length, 0);
      var from = relative(start, length, 0);
      var count = Math.min(relative(arguments[2], length, length) - from, length - to);
      var step = 1;
      if (from < to && to < from + count) {
        step = -1;
        from += count - 1;
        to += count - 1;
      }
      for (; count > 0; --count, from += step, to += step) {
        if (from in object) object[to] = object[from];
        else delete object[to];
      }
      return object;
    }
  };

  define(Array.prototype, searching);
  define(Array.prototype, {
    flat(/* depth */) {
      return flatten([], toObject(this, "Array.prototype.flat"), arguments[0] === undefined ? 1 : toInteger(arguments[0]));
    },
    flatMap(callback /*, thisValue */) {
      needFunction(callback, "flatMap");
      return flatten([], toObject(this, "Array.prototype.flatMap"), 1, callback, arguments[1]);
    }
  });

  // ---- typed arrays (runtime-api 1.3)

  var TypedArray = Object.getPrototypeOf(Uint8Array.prototype);
  var shared = {};
  ["forEach", "reduce", "reduceRight", "some", "every", "indexOf", "lastIndexOf", "join", "reverse"].forEach(function (name) {
    shared[name] = Array.prototype[name];
  });
  define(TypedArray, shared);
  define(TypedArray, searching);
  define(TypedArray, {
    map(callback /*, thisValue */) {
      needFunction(callback, "map");
      var result = new this.constructor(this.length);
      for (var i = 0; i < this.length; ++i) result[i] = callback.call(arguments[1], this[i], i, this);
      return result;
    },
    filter(callback /*, thisValue */) {
      return new this.constructor(Array.prototype.filter.call(this, callback, arguments[1]));
    },
    slice(start, end) {
      var from = relative(start, this.length, 0);
      var count = Math.max(relative(end, this.length, this.length) - from, 0);
      var result = new this.constructor(count);
      for (var i = 0; i < count; ++i) result[i] = this[from + i];
      return result;
    },
    sort(compare) {
      var sorted = Array.prototype.sort.call(Array.from(this), compare || function (a, b) { return a - b; });
      for (var i = 0; i < sorted.length; ++i) this[i] = sorted[i];
      return this;
    }
  });

  // ---- String

  // The replacement text with $$, $&, $` and $' filled in (22.1.3.19.1, without captures).
  function expand(replacement, text, match, position) {
    if (replacement.indexOf("$") < 0) return replacement;
    return replacement.replace(/\$([$&`'])/g, function (whole, sign) {
      if (sign === "$") return "$";
      if (sign === "&") return match;
      return sign === "`" ? text.slice(0, position) : text.slice(position + match.length);
    });
  }

  function pad(text, length, filler) {
    filler = filler === undefined ? " " : String(filler);
    length = toInteger(length) - text.length;
    if (length <= 0 || filler === "") return "";
    return filler.repeat(Math.ceil(length / filler.length)).slice(0, length);
  }

  define(String, {
    raw(strings /*, ...values */) {
      var raw = strings.raw;
      var length = lengthOf(raw);
      var text = "";
      for (var i = 0; i < length; ++i) {
        text += raw[i];
        if (i + 1 < length && i + 1 < arguments.length) text += arguments[i + 1];
      }
      return text;
    }
  });

  var iteratorPrototype = Object.getPrototypeOf(Object.getPrototypeOf(""[iterator]()));
  var matchIterator = Object.create(iteratorPrototype);
  var matchSlot = Symbol("matches");
  // How far an empty match goes on (22.2.7.3).
  function stepAt(state) {
    var code = state.expression.unicode ? state.text.codePointAt(state.expression.lastIndex) : 0;
    return code > 0xFFFF ? 2 : 1;
  }

  define(matchIterator, {
    next() {
      var state = this[matchSlot];
      var match = state.expression === undefined ? null : state.expression.exec(state.text);
      if (match === null) state.expression = undefined;
      else if (match[0] === "") state.expression.lastIndex += stepAt(state);
      return { value: match === null ? undefined : match, done: match === null };
    }
  });
  Object.defineProperty(matchIterator, Symbol.toStringTag, { value: "RegExp String Iterator", configurable: true });

  define(String.prototype, {
    at(index) {
      var text = toText(this, "String.prototype.at");
      index = toInteger(index);
      if (index < 0) index += text.length;
      return index < 0 || index >= text.length ? undefined : text.charAt(index);
    },
    trimStart() {
      return (toText(this, "String.prototype.trimStart") + ".").trim().slice(0, -1);
    },
    trimEnd() {
      return ("." + toText(this, "String.prototype.trimEnd")).trim().slice(1);
    },
    padStart(length /*, filler */) {
      var text = toText(this, "String.prototype.padStart");
      return pad(text, length, arguments[1]) + text;
    },
    padEnd(length /*, filler */) {
      var text = toText(this, "String.prototype.padEnd");
      return text + pad(text, length, arguments[1]);
    },
    replaceAll(wanted, replacement) {
      var text = toText(this, "String.prototype.replaceAll");
      if (wanted instanceof RegExp) {
        if (!wanted.global) throw new TypeError("replaceAll: the RegExp must be global");
        return text.replace(wanted, replacement);
      }
      wanted = String(wanted);
      var isFunction = typeof replacement === "function";
      if (!isFunction) replacement = String(replacement);
      var result = "";
      var end = 0;
      var step = Math.max(wanted.length, 1);
      for (var at = text.indexOf(wanted); at >= 0 && at <= text.length; at = text.indexOf(wanted, at + step)) {
        result += text.slice(end, at);
        result += isFunction ? String(replacement(wanted, at, text)) : expand(replacement, text, wanted, at);
        end = at + wanted.length;
        if (at + step > text.length) break;
      }
      return result + text.slice(end);
    },
    matchAll(expression) {
      var text = toText(this, "String.prototype.matchAll");
      if (expression instanceof RegExp) {
        if (!expression.global) throw new TypeError("matchAll: the RegExp must be global");
        var copy = new RegExp(expression.source, expression.flags);
        copy.lastIndex = expression.lastIndex;
        expression = copy;
      } else {
        expression = new RegExp(expression, "g");
      }
      var matches = Object.create(matchIterator);
      Object.defineProperty(matches, matchSlot, { value: { expression: expression, text: text } });
      return matches;
    }
  });
  define(String.prototype, { trimLeft: String.prototype.trimStart, trimRight: String.prototype.trimEnd });

  // ---- Proxy, Reflect

  // A handler that passes every trap on, and throws once it is revoked. The engine's Reflect takes no receivers.
  function revocableHandler(state) {
    var handler = {};
    var counts = { get: 2, set: 3, construct: 2 };
    Object.getOwnPropertyNames(Reflect).forEach(function (trap) {
      handler[trap] = function () {
        if (state.handler === null) throw new TypeError("Proxy: it is revoked");
        var own = state.handler[trap];
        if (own !== undefined) return own.apply(state.handler, arguments);
        return Reflect[trap].apply(Reflect, Array.prototype.slice.call(arguments, 0, counts[trap]));
      };
    });
    return handler;
  }

  define(Proxy, {
    revocable(target, handler) {
      var state = { handler: handler };
      return { proxy: new Proxy(target, revocableHandler(state)), revoke: function () { state.handler = null; } };
    }
  });

  // The engine's own refuses a third argument that differs from the first.
  var construct = Reflect.construct;
  Reflect.construct = {
    construct(target, list /*, newTarget */) {
      var newTarget = arguments.length > 2 ? arguments[2] : target;
      var made = construct(target, list);
      if (newTarget === target) return made;
      if (typeof newTarget !== "function") throw new TypeError("Reflect.construct: newTarget must be a constructor");
      return Object.setPrototypeOf(made, newTarget.prototype);
    }
  }.construct;
  Object.defineProperty(Reflect, "construct", { enumerable: false });
})
