// The rest of the standard library (ECMAScript 2015 to 2022) behind library.js and promise.js: properties by which code
// tells what it has (species, tags, flags, names and lengths of native functions), structuredClone, and
// FinalizationRegistry. Compiled to bytecode when Ravelin is built, run once when a heap is made (worker/js_library.cpp).
// Argument: watch(object, cell), see worker/js_weak.h.
// Not for: functions that texts, Arrays and Objects are worked with (library.js, worker/js_unicode.cpp).
(function (watch) {
  "use strict";

  var TypedArray = Object.getPrototypeOf(Uint8Array.prototype);
  var TYPED_ARRAYS = ["Int8Array", "Uint8ClampedArray", "Int16Array", "Uint16Array", "Int32Array", "Uint32Array",
                      "Float32Array", "Float64Array", "Uint8Array"];

  function defineValue(target, key, value) {
    if (!Object.prototype.hasOwnProperty.call(target, key)) {
      Object.defineProperty(target, key, { value: value, configurable: true });
    }
  }

  function defineHidden(target, key, value) {
    defineValue(target, key, value);
    Object.defineProperty(target, key, { writable: true });
  }

  function defineGetter(target, key, get) {
    if (Object.prototype.hasOwnProperty.call(target, key)) return;
    var name = typeof key === "symbol" ? "[" + key.description + "]" : key;
    Object.defineProperty(get, "name", { value: "get " + name, configurable: true });
    Object.defineProperty(target, key, { get: get, configurable: true });
  }

  function setLengths(target, lengths) {
    Object.keys(lengths).forEach(function (name) {
      Object.defineProperty(target[name], "length", { value: lengths[name], configurable: true });
    });
  }

  // ---- constructors

  // The constructor that all typed arrays inherit from (ECMAScript 23.2.1), which the engine lacks.
  function AnyTypedArray() {
    throw new TypeError("TypedArray: it cannot be called");
  }
  Object.defineProperty(AnyTypedArray, "name", { value: "TypedArray" });
  Object.defineProperty(AnyTypedArray, "prototype", { value: TypedArray, writable: false });
  defineHidden(TypedArray, "constructor", AnyTypedArray);
  defineHidden(AnyTypedArray, "from", {
    from(items /*, callback, thisValue */) {
      if (typeof this !== "function") throw new TypeError("from: this is not a constructor");
      return new this(Array.from(items, arguments[1], arguments[2]));
    }
  }.from);
  defineHidden(AnyTypedArray, "of", {
    of() {
      if (typeof this !== "function") throw new TypeError("of: this is not a constructor");
      return new this(Array.prototype.slice.call(arguments));
    }
  }.of);
  TYPED_ARRAYS.forEach(function (name) { Object.setPrototypeOf(globalThis[name], AnyTypedArray); });

  var species = { getter() { return this; } }.getter;
  [Array, Map, Set, RegExp, ArrayBuffer, AnyTypedArray].forEach(function (Class) {
    defineGetter(Class, Symbol.species, species);
  });

  // ---- what things say that they are

  defineValue(ArrayBuffer.prototype, Symbol.toStringTag, "ArrayBuffer");
  defineValue(DataView.prototype, Symbol.toStringTag, "DataView");
  defineValue(JSON, Symbol.toStringTag, "JSON");
  defineValue(Reflect, Symbol.toStringTag, "Reflect");
  defineGetter(TypedArray, Symbol.toStringTag, function () {
    for (var i = 0; i < TYPED_ARRAYS.length; ++i) {
      if (this instanceof globalThis[TYPED_ARRAYS[i]]) return TYPED_ARRAYS[i];
    }
    return undefined;
  });

  var unscopables = Object.create(null);
  ["at", "copyWithin", "entries", "fill", "find", "findIndex", "findLast", "findLastIndex", "flat", "flatMap",
   "includes", "keys", "values"].forEach(function (name) { unscopables[name] = true; });
  defineValue(Array.prototype, Symbol.unscopables, unscopables);

  // ---- RegExp: its accessors are native (worker/js_regexp.cpp)

  ["match", "matchAll", "replace", "search", "split"].forEach(function (name) {
    var method = String.prototype[name];
    var takesTwo = name === "replace" || name === "split";
    var symbolMethod = takesTwo
      ? { method(text, second) { return method.call(String(text), this, second); } }.method
      : { method(text) { return method.call(String(text), this); } }.method;
    Object.defineProperty(symbolMethod, "name", { value: "[Symbol." + name + "]" });
    defineHidden(RegExp.prototype, Symbol[name], symbolMethod);
  });

  // ---- Date: the month may be left out (ECMAScript 21.4.3.4)

  var utc = Date.UTC;
  Object.defineProperty(Date, "UTC", { value: {
    UTC(year) {
      return arguments.length === 1 ? utc(year, 0) : utc.apply(Date, arguments);
    }
  }.UTC });
  setLengths(Date, { UTC: 7 });

  // ---- names and lengths of native functions

  [[Date.prototype, "toPrimitive"], [Symbol.prototype, "toPrimitive"], [Function.prototype, "hasInstance"],
   [String.prototype, "iterator"],
   [Object.getPrototypeOf(Object.getPrototypeOf([][Symbol.iterator]())), "iterator"]].forEach(function (entry) {
    Object.defineProperty(entry[0][Symbol[entry[1]]], "name", { value: "[Symbol." + entry[1] + "]" });
  });
  Object.defineProperty(Symbol.prototype[Symbol.toPrimitive], "length", { value: 1 });
  Object.defineProperty(parseFloat, "name", { value: "parseFloat" });
  Object.defineProperty(Set.prototype, "keys", { value: Set.prototype.values });
  setLengths(Map.prototype, { forEach: 1 });
  setLengths(Set.prototype, { forEach: 1 });
  setLengths(TypedArray, { set: 1 });
  setLengths(Number.prototype, { toLocaleString: 0 });
  Object.defineProperty(DataView, "length", { value: 1 });
  Object.getOwnPropertyNames(DataView.prototype).forEach(function (name) {
    if (!/^[gs]et/.test(name)) return;
    Object.defineProperty(DataView.prototype[name], "length", { value: name[0] === "g" ? 1 : 2 });
  });

  // ---- structuredClone (HTML, 2.7)

  function cloneError(value) {
    var error = new Error(String(typeof value === "symbol" ? value.toString() : value) + " could not be cloned");
    error.name = "DataCloneError";
    Object.defineProperty(error, "code", { value: 25 });
    return error;
  }

  var ERRORS = ["EvalError", "RangeError", "ReferenceError", "SyntaxError", "TypeError", "URIError"];

  // An empty or whole copy of an object of a known kind; undefined for any other.
  function copyOfKind(object, known) {
    if (object instanceof Date) return new Date(object.getTime());
    if (object instanceof RegExp) return new RegExp(object.source, object.flags);
    if (object instanceof Boolean || object instanceof Number || object instanceof String) {
      return Object(object.valueOf());
    }
    if (object instanceof Map) return new Map();
    if (object instanceof Set) return new Set();
    if (object instanceof ArrayBuffer) return object.slice(0);
    if (object instanceof DataView) {
      return new DataView(clone(object.buffer, known), object.byteOffset, object.byteLength);
    }
    var tag = object[Symbol.toStringTag];
    if (TYPED_ARRAYS.indexOf(tag) >= 0 && object instanceof globalThis[tag]) {
      return new globalThis[tag](clone(object.buffer, known), object.byteOffset, object.length);
    }
    return undefined;
  }

  function copyError(error, known) {
    var name = ERRORS.indexOf(error.name) >= 0 ? error.name : "Error";
    var copy = new globalThis[name]();
    known.set(error, copy);
    ["message", "stack", "cause"].forEach(function (key) {
      var isOwn = Object.prototype.hasOwnProperty.call(error, key);
      if (key !== "stack" && !isOwn) return;
      Object.defineProperty(copy, key, { value: clone(error[key], known), writable: true, configurable: true });
    });
    return copy;
  }

  function clone(value, known) {
    if (typeof value === "function" || typeof value === "symbol") throw cloneError(value);
    if (value === null || typeof value !== "object") return value;
    if (known.has(value)) return known.get(value);
    if (value instanceof Error) return copyError(value, known);
    if (value instanceof Promise || value instanceof WeakMap || value instanceof WeakSet ||
        value instanceof WeakRef || value instanceof FinalizationRegistry) throw cloneError(value);
    var copy = copyOfKind(value, known);
    var isKnownKind = copy !== undefined;
    if (!isKnownKind) copy = Array.isArray(value) ? new Array(value.length) : {};
    known.set(value, copy);
    if (value instanceof Map) {
      Array.from(value).forEach(function (entry) { copy.set(clone(entry[0], known), clone(entry[1], known)); });
    } else if (value instanceof Set) {
      Array.from(value).forEach(function (item) { copy.add(clone(item, known)); });
    } else if (!isKnownKind) {
      Object.keys(value).forEach(function (key) {
        Object.defineProperty(copy, key, { value: clone(value[key], known), writable: true, enumerable: true,
                                           configurable: true });
      });
    }
    return copy;
  }

  // ---- newer than ECMAScript 2022, and cheap to have

  function defineAll(target, functions) {
    Object.keys(functions).forEach(function (name) {
      var method = functions[name];
      if (method.name === "") Object.defineProperty(method, "name", { value: name, configurable: true });
      defineHidden(target, name, method);
    });
  }

  function copyOf(list, method) {
    if (list === null || list === undefined) throw new TypeError("Array.prototype." + method + ": this is null or undefined");
    return Array.from({ length: list.length }, function (_, i) { return list[i]; });
  }

  function needComparison(compare, method) {
    if (compare !== undefined && typeof compare !== "function") throw new TypeError(method + ": compare must be a Function");
  }

  function replaced(copy, index, value) {
    index = Math.trunc(Number(index)) || 0;
    if (index < 0) index += copy.length;
    if (index < 0 || index >= copy.length) throw new RangeError("with: the index is out of range");
    copy[index] = value;
    return copy;
  }

  defineAll(Array.prototype, {
    toReversed() { return copyOf(this, "toReversed").reverse(); },
    toSorted(compare) {
      needComparison(compare, "toSorted");
      return copyOf(this, "toSorted").sort(compare);
    },
    toSpliced(start, count /* , items */) {
      var copy = copyOf(this, "toSpliced");
      if (arguments.length > 0) Array.prototype.splice.apply(copy, arguments);
      return copy;
    },
    "with": function (index, value) { return replaced(copyOf(this, "with"), index, value); }
  });
  defineAll(TypedArray, {
    toReversed() { return this.slice().reverse(); },
    toSorted(compare) {
      needComparison(compare, "toSorted");
      return this.slice().sort(compare);
    },
    "with": function (index, value) { return replaced(this.slice(), index, value); }
  });

  // V8's: packages use it to give their errors a stack without their own constructor.
  defineAll(Error, {
    captureStackTrace(object, above) {
      if (!isObject(object)) throw new TypeError("Error.captureStackTrace: the argument must be an Object");
      var frames = new Error().stack.split("\n");
      while (frames.length > 0 && frames.shift().indexOf("captureStackTrace") < 0);
      var stack = [Error.prototype.toString.call(object)].concat(frames).join("\n");
      Object.defineProperty(object, "stack", { value: stack, writable: true, configurable: true });
    }
  });

  // ---- FinalizationRegistry

  var registries = new WeakMap();  // each one's callback, and its cells by the tokens for unregister()
  var FIRST_LIMIT = 16;

  function registryOf(value) {
    var registry = registries.get(value);
    if (registry === undefined) throw new TypeError("this is not a FinalizationRegistry");
    return registry;
  }

  function isObject(value) { return (typeof value === "object" && value !== null) || typeof value === "function"; }
  function isActive(cell) { return cell.isActive; }

  function endCell(cell) {
    cell.isActive = false;
    cell.held = undefined;
  }

  function runCell(cell) {
    if (!cell.isActive) return;
    var callback = cell.callback, held = cell.held;
    endCell(cell);
    callback(held);
  }

  // Lists of cells are cleaned up when they have doubled.
  function noteToken(byToken, token, cell) {
    var list = byToken.get(token);
    if (list === undefined || list.cells.length >= list.limit) {
      var cells = list === undefined ? [] : list.cells.filter(isActive);
      byToken.set(token, list = { cells: cells, limit: Math.max(FIRST_LIMIT, 2 * cells.length) });
    }
    list.cells.push(cell);
  }

  function FinalizationRegistry(callback) {
    if (new.target === undefined) throw new TypeError("FinalizationRegistry must be called with new");
    if (typeof callback !== "function") throw new TypeError("FinalizationRegistry: callback must be a Function");
    registries.set(this, { callback: callback, byToken: new WeakMap() });
  }

  var registryMethods = {
    register(target, held /* , token */) {
      var registry = registryOf(this), token = arguments[2];
      if (!isObject(target)) throw new TypeError("FinalizationRegistry.register: the target must be an Object");
      if (target === held) throw new TypeError("FinalizationRegistry.register: the target cannot be the held value");
      if (token !== undefined && !isObject(token)) {
        throw new TypeError("FinalizationRegistry.register: the token must be an Object");
      }
      var cell = { callback: registry.callback, held: held, isActive: true, run: runCell };
      watch(target, cell);
      if (token !== undefined) noteToken(registry.byToken, token, cell);
    },
    unregister(token) {
      var registry = registryOf(this);
      if (!isObject(token)) throw new TypeError("FinalizationRegistry.unregister: the token must be an Object");
      var list = registry.byToken.get(token);
      if (list === undefined) return false;
      registry.byToken.delete(token);
      var active = list.cells.filter(isActive);
      active.forEach(endCell);
      return active.length > 0;
    }
  };
  Object.keys(registryMethods).forEach(function (name) {
    defineHidden(FinalizationRegistry.prototype, name, registryMethods[name]);
  });
  defineValue(FinalizationRegistry.prototype, Symbol.toStringTag, "FinalizationRegistry");
  Object.defineProperty(FinalizationRegistry, "prototype", { writable: false });
  Object.defineProperty(FinalizationRegistry.prototype, "constructor", { enumerable: false });
  defineHidden(globalThis, "FinalizationRegistry", FinalizationRegistry);

  defineHidden(globalThis, "structuredClone", {
    structuredClone(/* value, options */) {
      if (arguments.length === 0) throw new TypeError("structuredClone: an argument is missing");
      return clone(arguments[0], new Map());
    }
  }.structuredClone);
})
