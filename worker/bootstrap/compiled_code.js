// What code that the compiler made calls, beside the functions of worker/compiled_code.h: classes with a native base,
// `super`, constants. Compiled to bytecode when Ravelin is built, run once when a heap is made (worker/js_library.cpp).
// Names and meanings are part of compiled files: with a change goes kRevision of worker/compile_source.cpp.
// Argument: isNative(function), true for functions that are not JavaScript.
(function (isNative) {
  "use strict";

  // `super.key` and `super.key = value` of accessors, which ES5 would call on the prototype (typescript_host.js).
  function descriptorOf(object, key) {
    for (; object !== null && object !== undefined; object = Object.getPrototypeOf(object)) {
      var descriptor = Object.getOwnPropertyDescriptor(object, key);
      if (descriptor !== undefined) return descriptor;
    }
    return {};
  }

  // Where subclasses of Array find the methods that make an Array: of their own class (ECMAScript 23.1.3.1.1). Array's
  // own, which the engine has, make plain ones.
  function subclassPrototype() {
    var prototype = Object.create(Array.prototype);
    ["concat", "filter", "flat", "flatMap", "map", "slice", "splice"].forEach(function (name) {
      var method = Array.prototype[name];
      function makeOwn() {
        var items = method.apply(this, arguments);
        var Class = this.constructor;
        if (Class !== undefined) Class = Class[Symbol.species];
        if (Class === undefined || Class === null || Class === Array) return items;
        var isSized = name === "map" || name === "slice" || name === "splice";
        var made = new Class(isSized ? items.length : 0);
        for (var i = 0; i < items.length; ++i) if (i in items) made[i] = items[i];
        made.length = items.length;
        return made;
      }
      Object.defineProperty(makeOwn, "name", { value: name, configurable: true });
      Object.defineProperty(makeOwn, "length", { value: method.length, configurable: true });
      Object.defineProperty(prototype, name, { value: makeOwn, writable: true, configurable: true });
    });
    return prototype;
  }

  var standIns = new Map();
  var isPromise = function (base) { return base === globalThis.Promise || base === globalThis.AggregateError; };
  var functions = {
    __superGet(base, key, self) {
      var descriptor = descriptorOf(base, key);
      return descriptor.get !== undefined ? descriptor.get.call(self) : descriptor.value;
    },
    __superSet(base, key, self, value) {
      var setter = descriptorOf(base, key).set;
      if (setter !== undefined) setter.call(self, value);
      else self[key] = value;
      return value;
    },
    // Classes compiled to ES5 call their base class as a function on the new object, which native constructors do not
    // understand: they return another object, without the class's methods. The compiler (typescript_host.js) writes
    // `extends __nativeBase(X)`, and for a native X this gives a stand-in that hands the object over to the class.
    __nativeBase(base) {
      if (typeof base !== "function" || !(isNative(base) || isPromise(base))) return base;
      var standIn = standIns.get(base);
      if (standIn !== undefined) return standIn;
      // These fill themselves by a method that the class may have replaced.
      var adder = base === Map || base === WeakMap ? "set" : base === Set || base === WeakSet ? "add" : "";
      standIn = adder === "" ? function () {
        return Object.setPrototypeOf(Reflect.construct(base, arguments), Object.getPrototypeOf(this));
      } : function (items) {
        var made = Object.setPrototypeOf(new base(), Object.getPrototypeOf(this));
        if (items === undefined || items === null) return made;
        Array.from(items).forEach(function (item) {
          if (adder === "add") made.add(item);
          else made.set(item[0], item[1]);
        });
        return made;
      };
      standIn.prototype = base === Array ? subclassPrototype() : base.prototype;
      Object.setPrototypeOf(standIn, base);
      Object.defineProperty(standIn, "name", { value: base.name, configurable: true });
      standIns.set(base, standIn);
      return standIn;
    }
  };
  var home = Object.getPrototypeOf(globalThis);  // see worker/compiled_code.h
  Object.keys(functions).forEach(function (name) {
    Object.defineProperty(home, name, { value: functions[name], writable: true, configurable: true });
  });

  // What assignments to a constant become: `__constant.value = ...`, at the same place in the order of evaluation.
  Object.defineProperty(home, "__constant", {
    value: Object.defineProperty({}, "value", {
      get: function () { return undefined; },
      set: function () { throw new TypeError("Assignment to constant variable."); }
    })
  });
})
