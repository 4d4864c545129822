// Promise (ECMAScript 27.2): compiled to bytecode when Ravelin is built, run once when a heap is made (worker/js_library.cpp).
// Arguments: `slot`, the hidden property in which a promise has its record; enqueue(job, a, b), which puts a call of
// job(a, b) behind all others in the microtask queue; noteRejected(promise), called when a promise is rejected that
// nobody has asked for yet. worker/js_microtasks.cpp reads `state`, `value` and `isHandled` of records.
(function (slot, enqueue, noteRejected) {
  "use strict";

  var PENDING = 0;
  var FULFILLED = 1;
  var REJECTED = 2;
  var THROWS = {};  // in place of a resolver: the value goes through unchanged

  function isObject(value) {
    return value !== null && (typeof value === "object" || typeof value === "function");
  }

  function recordOf(promise, method) {
    var record = isObject(promise) ? promise[slot] : undefined;
    if (record === undefined) throw new TypeError("Promise." + method + ": this is not a Promise");
    return record;
  }

  // ---- settling

  function settle(promise, record, state, value) {
    var reactions = record.reactions;
    record.state = state;
    record.value = value;
    record.reactions = undefined;
    if (state === REJECTED && !record.isHandled) noteRejected(promise);
    for (var i = 0; i < reactions.length; ++i) enqueue(react, reactions[i], record);
  }

  // A job: one `then` of a settled promise.
  function react(reaction, record) {
    var handler = record.state === FULFILLED ? reaction.onFulfilled : reaction.onRejected;
    var result;
    if (handler === THROWS) {
      if (record.state === FULFILLED) reaction.resolve(record.value);
      else reaction.reject(record.value);
      return;
    }
    try {
      result = handler(record.value);
    } catch (error) {
      reaction.reject(error);
      return;
    }
    reaction.resolve(result);
  }

  function resolve(promise, record, value) {
    if (!isObject(value)) return settle(promise, record, FULFILLED, value);
    if (value === promise) {
      return settle(promise, record, REJECTED, new TypeError("a Promise cannot be resolved with itself"));
    }
    var then;
    try {
      then = value.then;
    } catch (error) {
      return settle(promise, record, REJECTED, error);
    }
    if (typeof then !== "function") return settle(promise, record, FULFILLED, value);
    enqueue(adopt, { promise: promise, record: record, then: then }, value);
  }

  // A job: follow a thenable.
  function adopt(target, thenable) {
    var functions = resolvers(target.promise, target.record);
    try {
      target.then.call(thenable, functions.resolve, functions.reject);
    } catch (error) {
      functions.reject(error);
    }
  }

  // The pair that an executor gets: the first call of either counts.
  function resolvers(promise, record) {
    var isDone = false;
    return {
      resolve: function (value) {
        if (isDone) return;
        isDone = true;
        resolve(promise, record, value);
      },
      reject: function (reason) {
        if (isDone) return;
        isDone = true;
        settle(promise, record, REJECTED, reason);
      }
    };
  }

  function makeRecord(promise) {
    return promise[slot] = { state: PENDING, value: undefined, reactions: [], isHandled: false };
  }

  function Promise(executor) {
    if (!(this instanceof Promise) || this[slot] !== undefined) throw new TypeError("Promise must be called with new");
    if (typeof executor !== "function") throw new TypeError("Promise: argument must be a Function");
    var functions = resolvers(this, makeRecord(this));
    try {
      executor(functions.resolve, functions.reject);
    } catch (error) {
      functions.reject(error);
    }
  }

  // ---- capabilities (27.2.1.5): a promise of the wanted class, and what settles it

  function capability(Class) {
    var made = {};
    if (Class === Promise) {
      var promise = Object.create(Promise.prototype);
      made = resolvers(promise, makeRecord(promise));
      made.promise = promise;
      return made;
    }
    if (typeof Class !== "function") throw new TypeError("Promise: this is not a constructor");
    made.promise = new Class(function (resolve, reject) {
      made.resolve = resolve;
      made.reject = reject;
    });
    if (typeof made.resolve !== "function" || typeof made.reject !== "function") {
      throw new TypeError("Promise: the constructor did not give its executor two Functions");
    }
    return made;
  }

  // The same for what then() returns, which is settled once only.
  function reactionFor(Class) {
    if (Class !== Promise) return capability(Class);
    var promise = Object.create(Promise.prototype);
    var record = makeRecord(promise);
    return {
      promise: promise,
      resolve: function (value) { resolve(promise, record, value); },
      reject: function (reason) { settle(promise, record, REJECTED, reason); }
    };
  }

  function resolved(Class, value) {
    if (isObject(value) && value[slot] !== undefined && value.constructor === Class) return value;
    var made = capability(Class);
    made.resolve(value);
    return made.promise;
  }

  // The class of what then() returns.
  function speciesOf(promise) {
    var Class = promise.constructor;
    if (Class === undefined || Class === Promise) return Promise;
    if (!isObject(Class)) throw new TypeError("Promise: constructor is not an Object");
    var Species = Class[Symbol.species];
    return Species === undefined || Species === null ? Class : Species;
  }

  var methods = {
    then(onFulfilled, onRejected) {
      var record = recordOf(this, "then");
      var reaction = reactionFor(speciesOf(this));
      reaction.onFulfilled = typeof onFulfilled === "function" ? onFulfilled : THROWS;
      reaction.onRejected = typeof onRejected === "function" ? onRejected : THROWS;
      record.isHandled = true;
      if (record.state === PENDING) record.reactions.push(reaction);
      else enqueue(react, reaction, record);
      return reaction.promise;
    },
    catch: function (onRejected) {  // the engine takes no reserved word as the name of a short method
      return this.then(undefined, onRejected);
    },
    finally: function (onFinally) {
      var Class = speciesOf(this);
      if (typeof onFinally !== "function") return this.then(onFinally, onFinally);
      return this.then(function (value) {
        return resolved(Class, onFinally()).then(function () { return value; });
      }, function (reason) {
        return resolved(Class, onFinally()).then(function () { throw reason; });
      });
    }
  };

  // ---- combinators

  // What all four share. start(made, values, oneLess, each) calls each(subscribe), which calls subscribe(promise, place)
  // for every item, and returns what to call with `values` when there is no item. Each item calls oneLess(finish) when
  // it is done; the last of them calls finish(values).
  function combine(Class, iterable, start) {
    var made = capability(Class);
    var remaining = 1;
    var index = 0;
    var values = [];
    function oneLess(finish) {
      if (--remaining === 0) finish(values);
    }
    try {
      if (iterable === null || iterable === undefined || typeof iterable[Symbol.iterator] !== "function") {
        throw new TypeError("Promise: argument is not iterable");
      }
      var resolveItem = Class.resolve;
      if (typeof resolveItem !== "function") throw new TypeError("Promise: resolve is not a Function");
      var finish = start(made, values, oneLess, function each(subscribe) {
        Array.from(iterable, function (item) {
          var place = index++;
          ++remaining;
          values.push(undefined);
          subscribe(resolveItem.call(Class, item), place);
        });
      });
      oneLess(finish);
    } catch (error) {
      made.reject(error);
    }
    return made.promise;
  }

  // A function that counts once.
  function once(action) {
    var isDone = false;
    return function (value) {
      if (isDone) return;
      isDone = true;
      action(value);
    };
  }

  function AggregateError(errors, message /*, options */) {
    var error = new Error(message, arguments[2]);
    Object.setPrototypeOf(error, this instanceof AggregateError ? Object.getPrototypeOf(this) : AggregateError.prototype);
    Object.defineProperty(error, "errors", { value: Array.from(errors), writable: true, configurable: true });
    return error;
  }
  AggregateError.prototype = Object.create(Error.prototype, {
    constructor: { value: AggregateError, writable: true, configurable: true },
    name: { value: "AggregateError", writable: true, configurable: true },
    message: { value: "", writable: true, configurable: true }
  });
  Object.setPrototypeOf(AggregateError, Error);

  var statics = {
    resolve(value) {
      return resolved(this, value);
    },
    reject(reason) {
      var made = capability(this);
      made.reject(reason);
      return made.promise;
    },
    all(iterable) {
      return combine(this, iterable, function (made, values, oneLess, each) {
        each(function (promise, place) {
          promise.then(once(function (value) {
            values[place] = value;
            oneLess(made.resolve);
          }), made.reject);
        });
        return made.resolve;
      });
    },
    allSettled(iterable) {
      return combine(this, iterable, function (made, values, oneLess, each) {
        each(function (promise, place) {
          var isDone = false;
          function settled(outcome) {
            if (isDone) return;
            isDone = true;
            values[place] = outcome;
            oneLess(made.resolve);
          }
          promise.then(function (value) { settled({ status: "fulfilled", value: value }); },
                       function (reason) { settled({ status: "rejected", reason: reason }); });
        });
        return made.resolve;
      });
    },
    any(iterable) {
      return combine(this, iterable, function (made, values, oneLess, each) {
        function fail(errors) { made.reject(new AggregateError(errors, "all promises were rejected")); }
        each(function (promise, place) {
          promise.then(made.resolve, once(function (reason) {
            values[place] = reason;
            oneLess(fail);
          }));
        });
        return fail;
      });
    },
    withResolvers() {
      var parts = {};
      parts.promise = new this(function (resolve, reject) {
        parts.resolve = resolve;
        parts.reject = reject;
      });
      return parts;
    },
    race(iterable) {
      return combine(this, iterable, function (made, values, oneLess, each) {
        each(function (promise) { promise.then(made.resolve, made.reject); });
        return function () {};
      });
    }
  };

  // A job: the callback of queueMicrotask().
  function callBack(callback) {
    callback();
  }

  // ---- properties

  function define(target, functions) {
    Object.keys(functions).forEach(function (name) {
      var method = functions[name];
      if (method.name === "") Object.defineProperty(method, "name", { value: name, configurable: true });
      Object.defineProperty(target, name, { value: method, writable: true, configurable: true });
    });
  }

  define(Promise, statics);
  define(Promise.prototype, methods);
  Object.defineProperty(Promise, Symbol.species, { get: function () { return this; }, configurable: true });
  Object.defineProperty(Promise, "prototype", { writable: false });
  Object.defineProperty(Promise.prototype, Symbol.toStringTag, { value: "Promise", configurable: true });
  Object.defineProperty(Promise.prototype, "constructor", { enumerable: false });
  Object.defineProperty(AggregateError, "prototype", { writable: false });
  define(globalThis, {
    Promise: Promise,
    AggregateError: AggregateError,
    queueMicrotask(callback) {
      if (typeof callback !== "function") throw new TypeError("queueMicrotask: callback must be a Function");
      enqueue(callBack, callback);
    }
  });
})
