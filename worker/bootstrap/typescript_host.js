// Drives TypeScript's compiler in a compile process (worker/compile_process.cpp): compiled to bytecode when Ravelin is
// built, run after the compiler itself, whose global `ts` it uses. Its value is
//   compile(text, isTypeScript, isGlobalCode) -> {code, mappings, places, isModule} or {message, line, column}
// where `mappings` are those of the source map, `places` are three numbers for each function: where it ends in the code,
// where it begins and ends in the text, `isModule` is true for a text with import or export, and line and column (from
// 1) are those of the first syntax error, or of the first thing that cannot be done in ES5.
// Type errors are not reported: that is an editor's work. What the compiled code calls is in worker/compiled_code.h.
(function () {
  "use strict";

  var OPTIONS = {
    target: ts.ScriptTarget.ES5,
    module: ts.ModuleKind.CommonJS,
    downlevelIteration: true,   // for-of and spread take any iterable
    esModuleInterop: true,      // import x from "y" gives module.exports
    experimentalDecorators: true,
    sourceMap: true,
    removeComments: true,
    newLine: ts.NewLineKind.LineFeed
  };

  // An assignment to a constant throws when it is run: its target becomes __constant.value, see compiled_code.js. Which
  // those are the compiler has noted in ts.constantTargets (generate-typescript.sh).
  function refuseConstants(context) {
    var factory = context.factory;

    function isTarget(node) {
      return ts.isIdentifier(node) && ts.constantTargets.indexOf(node) >= 0;
    }

    function refusing(node) {
      return ts.setTextRange(factory.createPropertyAccessExpression(factory.createIdentifier("__constant"), "value"), node);
    }

    function visit(node) {
      if (isTarget(node)) return refusing(node);
      if (ts.isShorthandPropertyAssignment(node) && isTarget(node.name)) {  // ({ constant } = value)
        var value = refusing(node.name);
        var missing = node.objectAssignmentInitializer;
        if (missing !== undefined) value = factory.createAssignment(value, ts.visitNode(missing, visit));
        return ts.setTextRange(factory.createPropertyAssignment(node.name, value), node);
      }
      if (ts.isBinaryExpression(node) && ts.isLogicalOrCoalescingAssignmentOperator(node.operatorToken.kind) &&
          isTarget(ts.skipOuterExpressions(node.left))) {  // which may well not assign; (constant) and constant! are it
        var operator = ts.getNonAssignmentOperatorForCompoundAssignment(node.operatorToken.kind);
        var assignment = factory.createAssignment(refusing(node.left), ts.visitNode(node.right, visit));
        return ts.setTextRange(factory.createBinaryExpression(node.left, operator, assignment), node);
      }
      return ts.visitEachChild(node, visit, context);
    }

    return function (file) { return ts.constantTargets.length === 0 ? file : ts.visitNode(file, visit); };
  }

  // class A extends B: B becomes __nativeBase(B), see compiled_code.js.
  function wrapBases(context) {
    var factory = context.factory;

    function wrapType(type) {
      if (type.expression.kind === ts.SyntaxKind.NullKeyword) return type;
      var call = factory.createCallExpression(factory.createIdentifier("__nativeBase"), undefined, [type.expression]);
      return factory.updateExpressionWithTypeArguments(type, ts.setTextRange(call, type.expression), type.typeArguments);
    }

    function wrapClause(clause) {
      if (clause.token !== ts.SyntaxKind.ExtendsKeyword) return clause;
      return factory.updateHeritageClause(clause, clause.types.map(wrapType));
    }

    function visit(node) {
      node = ts.visitEachChild(node, visit, context);
      if (!ts.isClassLike(node) || node.heritageClauses === undefined) return node;
      var clauses = node.heritageClauses.map(wrapClause);
      return ts.isClassDeclaration(node)
        ? factory.updateClassDeclaration(node, node.decorators, node.modifiers, node.name, node.typeParameters, clauses,
                                         node.members)
        : factory.updateClassExpression(node, node.decorators, node.modifiers, node.name, node.typeParameters, clauses,
                                        node.members);
    }

    return function (file) { return ts.visitNode(file, visit); };
  }

  // An arrow function's `arguments` are those of the function around it, which keeps them in a variable for it.
  // (TypeScript refuses this for ES5.) Arrow functions outside all functions are left alone. The body of an async
  // function or generator becomes a function of its own, so these need the variable as well, outside of that: they are
  // noted in `keepers`, for declareArguments().
  var ARGUMENTS = "__arguments";

  function createArgumentsVariable(factory) {
    return factory.createVariableStatement(undefined, [
      factory.createVariableDeclaration(ARGUMENTS, undefined, undefined, factory.createIdentifier("arguments"))]);
  }

  // Behind the directives at the head.
  function withArgumentsVariable(factory, body) {
    var head = 0;
    while (head < body.statements.length && ts.isPrologueDirective(body.statements[head])) ++head;
    var statements = body.statements.slice();
    statements.splice(head, 0, createArgumentsVariable(factory));
    return factory.updateBlock(body, ts.setTextRange(factory.createNodeArray(statements), body.statements));
  }

  function declareArguments(keepers) {
    return function (context) {
      var factory = context.factory;

      function isKeeper(node) {
        var origin = ts.isFunctionDeclaration(node) || ts.isFunctionExpression(node) ? originOf(node) : undefined;
        return origin !== undefined && keepers.indexOf(origin) >= 0;
      }

      function visit(node) {
        var isOuter = isKeeper(node);
        node = ts.visitEachChild(node, visit, context);
        if (!isOuter) return node;
        var body = withArgumentsVariable(factory, node.body);
        return ts.isFunctionDeclaration(node)
          ? factory.updateFunctionDeclaration(node, node.decorators, node.modifiers, node.asteriskToken, node.name,
                                              node.typeParameters, node.parameters, node.type, body)
          : factory.updateFunctionExpression(node, node.modifiers, node.asteriskToken, node.name, node.typeParameters,
                                             node.parameters, node.type, body);
      }

      return function (file) { return keepers.length === 0 ? file : ts.visitNode(file, visit); };
    };
  }

  function keepArguments(keepers, context) {
    var factory = context.factory;
    var inFunction = false;
    var arrows = 0;        // between the function and the node
    var isWanted = false;  // the function needs the variable

    function visitFunction(node) {
      var outer = [inFunction, arrows, isWanted];
      var isMoved = node.asteriskToken !== undefined || ts.hasSyntacticModifier(node, ts.ModifierFlags.Async);
      inFunction = true;
      arrows = isMoved ? 1 : 0;
      isWanted = false;
      var body = node.body;
      var origin = ts.getParseTreeNode(node);
      node = ts.visitEachChild(node, function (child) {
        var visited = visit(child);
        return child === body && isWanted && !isMoved ? withArgumentsVariable(factory, visited) : visited;
      }, context);
      if (isMoved && isWanted) keepers.push(origin);
      inFunction = outer[0];
      arrows = outer[1];
      isWanted = outer[2];
      return node;
    }

    function visit(node) {
      if (ts.isIdentifier(node)) {
        if (!inFunction || arrows === 0 || node.escapedText !== "arguments" || !ts.isExpressionNode(node)) return node;
        isWanted = true;
        return ts.setTextRange(factory.createIdentifier(ARGUMENTS), node);
      }
      if (ts.isArrowFunction(node)) {
        ++arrows;
        node = ts.visitEachChild(node, visit, context);
        --arrows;
        return node;
      }
      return ts.isFunctionLike(node) ? visitFunction(node) : ts.visitEachChild(node, visit, context);
    }

    return function (file) { return ts.visitNode(file, visit); };
  }

  // Private names in optional chains, which TypeScript refuses: o?.#a.b becomes (_a = o) === null || _a === void 0 ?
  // void 0 : _a.#a.b
  function openPrivateChains(context) {
    var factory = context.factory;

    function hasPrivateName(node) {
      for (; ts.isOptionalChain(node); node = node.expression) {
        if (ts.isPropertyAccessExpression(node) && ts.isPrivateIdentifier(node.name)) return true;
      }
      return false;
    }

    function keep(value, guards) {
      var variable = factory.createTempVariable(context.hoistVariableDeclaration);
      guards.push({ variable: variable, value: value });
      return variable;
    }

    // What a function is a method of is kept as well, if the call is optional: [method, its object].
    function openCallee(node, guards) {
      if (!ts.isAccessExpression(node)) return [open(node, guards), factory.createVoidZero()];
      var owner = open(node.expression, guards);
      if (node.questionDotToken !== undefined) owner = keep(owner, guards);
      var assigned = factory.createTempVariable(context.hoistVariableDeclaration);
      return [access(node, factory.createParenthesizedExpression(factory.createAssignment(assigned, owner))), assigned];
    }

    function access(node, owner) {
      return ts.isPropertyAccessExpression(node)
        ? factory.createPropertyAccessExpression(owner, node.name)
        : factory.createElementAccessExpression(owner, ts.visitNode(node.argumentExpression, visit));
    }

    // The link of a chain without its question marks; the values that must not be null come into `guards`.
    function open(node, guards) {
      if (!ts.isOptionalChain(node)) return ts.visitNode(node, visit);
      if (ts.isNonNullExpression(node)) return open(node.expression, guards);
      if (ts.isCallExpression(node) && node.questionDotToken !== undefined) {
        var callee = openCallee(node.expression, guards);
        var list = [callee[1]].concat(ts.visitNodes(node.arguments, visit));
        return factory.createCallExpression(
          factory.createPropertyAccessExpression(keep(callee[0], guards), "call"), undefined, list);
      }
      var owner = open(node.expression, guards);
      if (node.questionDotToken !== undefined) owner = keep(owner, guards);
      if (ts.isCallExpression(node)) {
        return factory.createCallExpression(owner, undefined, ts.visitNodes(node.arguments, visit));
      }
      return access(node, owner);
    }

    function isMissing(guard) {
      return factory.createLogicalOr(
        factory.createStrictEquality(
          factory.createParenthesizedExpression(factory.createAssignment(guard.variable, guard.value)),
          factory.createNull()),
        factory.createStrictEquality(guard.variable, factory.createVoidZero()));
    }

    function visit(node) {
      if (!hasPrivateName(node)) return ts.visitEachChild(node, visit, context);
      var guards = [];
      var opened = open(node, guards);
      var value = guards.reduceRight(function (inner, guard) {
        return factory.createConditionalExpression(isMissing(guard), undefined, factory.createVoidZero(), undefined, inner);
      }, opened);
      return ts.setTextRange(factory.createParenthesizedExpression(value), node);
    }

    return function (file) { return ts.visitNode(file, visit); };
  }

  // A field without a value is there all the same, in JavaScript: class A { x } becomes class A { x = void 0 }.
  function initializeFields(context) {
    var factory = context.factory;

    function visit(node) {
      node = ts.visitEachChild(node, visit, context);
      if (!ts.isPropertyDeclaration(node) || node.initializer !== undefined || ts.isPrivateIdentifier(node.name)) return node;
      return factory.updatePropertyDeclaration(node, node.decorators, node.modifiers, node.name, undefined, undefined,
                                               factory.createVoidZero());
    }

    return function (file) { return ts.visitNode(file, visit); };
  }

  // What TypeScript leaves as it is, and the engine understands otherwise or not:
  //   {__proto__: p, ...}      becomes Object.setPrototypeOf({...}, p)
  //   super.key                becomes __superGet(_super.prototype, "key", this), for getters; super.key() stays
  //   super.key = value        becomes __superSet(_super.prototype, "key", this, value)
  function replaceRest(context) {
    var factory = context.factory;

    function call(name, node, list) {
      return ts.setTextRange(factory.createCallExpression(factory.createIdentifier(name), undefined, list), node);
    }

    function isPrototype(property) {
      return ts.isPropertyAssignment(property) && !ts.isComputedPropertyName(property.name) &&
        property.name.text === "__proto__";
    }

    function withPrototype(node) {
      var prototypes = node.properties.filter(isPrototype);
      if (prototypes.length === 0) return node;
      var rest = node.properties.filter(function (property) { return !isPrototype(property); });
      return call("Object.setPrototypeOf", node,
                  [factory.updateObjectLiteralExpression(node, rest), prototypes[0].initializer]);
    }

    // ---- super

    var isStatic = false;
    var keptCallee;
    var FILE_LEVEL = 16 | 32;  // GeneratedIdentifierFlags, those with which the class transformer names it

    function isSuperProperty(node) {
      return ts.isAccessExpression(node) && node.expression.kind === ts.SyntaxKind.SuperKeyword;
    }

    function superCall(name, node, access, more) {
      var base = factory.createUniqueName("_super", FILE_LEVEL);
      if (!isStatic) base = factory.createPropertyAccessExpression(base, "prototype");
      var key = ts.isPropertyAccessExpression(access)
        ? factory.createStringLiteral(ts.idText(access.name)) : ts.visitNode(access.argumentExpression, visit);
      return call(name, node, [base, key, factory.createThis()].concat(more));
    }

    function visitSuper(node) {
      if (isSuperProperty(node)) {
        if (node === keptCallee) return node;
        if (ts.isAssignmentTarget(node)) {
          throw new Unsupported(ts.getSourceFileOfNode(node), node, "only '=' can assign to a property of 'super'");
        }
        return superCall("__superGet", node, node, []);
      }
      if (ts.isAssignmentExpression(node, true) && isSuperProperty(node.left)) {
        return superCall("__superSet", node, node.left, [ts.visitNode(node.right, visit)]);
      }
      if (ts.isCallExpression(node) && isSuperProperty(node.expression)) keptCallee = node.expression;
      return undefined;
    }

    function visit(node) {
      var replaced = visitSuper(node);
      if (replaced !== undefined) return replaced;
      if (!ts.isClassElement(node) || ts.isObjectLiteralExpression(node.parent)) return visitOther(node);
      var outer = isStatic;
      isStatic = ts.isStatic(node);
      replaced = visitOther(node);
      isStatic = outer;
      return replaced;
    }

    function visitOther(node) {
      node = ts.visitEachChild(node, visit, context);
      return ts.isObjectLiteralExpression(node) ? withPrototype(node) : node;
    }

    return function (file) { return ts.visitNode(file, visit); };
  }

  // ---- what ES5 cannot do and TypeScript would pass on, or compile to something that fails when it runs

  function Unsupported(file, node, message) {
    this.problem = { file: file, start: ts.skipTrivia(file.text, node.pos), messageText: message };
  }

  function checkSuper(file) {
    // `home`: what the `super` of the place belongs to.
    function walk(node, home) {
      if (node.kind === ts.SyntaxKind.SuperKeyword && home !== "derived class") {
        throw new Unsupported(file, node, "'super' is supported in classes with 'extends' only");
      }
      if (ts.isClassLike(node)) home = node.heritageClauses === undefined ? "class" : "derived class";
      else if (ts.isFunctionDeclaration(node) || ts.isFunctionExpression(node)) home = "function";
      else if (ts.isFunctionLike(node) && ts.isObjectLiteralExpression(node.parent)) home = "object";
      ts.forEachChild(node, function (child) { walk(child, home); });
    }
    walk(file, "file");
  }

  // Throws for the first node outside of all functions for which find(node) gives a message.
  function checkOutside(file, find) {
    function walk(node) {
      var message = find(node);
      if (message) throw new Unsupported(file, node, message);
      if (!ts.isFunctionLike(node)) ts.forEachChild(node, walk);
    }
    walk(file);
  }

  function checkFile(file) {
    if (file.text.indexOf("super") >= 0) checkSuper(file);
    if (file.text.indexOf("await") >= 0) {
      checkOutside(file, function (node) {
        var isAwait = ts.isAwaitExpression(node) || (ts.isForOfStatement(node) && node.awaitModifier !== undefined);
        return isAwait ? "'await' outside of async functions is not supported" : "";
      });
    }
    ts.forEachChild(file, function walk(node) {
      if ((node.transformFlags & (ts.TransformFlags.ContainsJsx | ts.TransformFlags.ContainsESNext)) === 0) return;
      if (ts.isBigIntLiteral(node)) throw new Unsupported(file, node, "BigInt is not supported");
      if (ts.isJsxElement(node) || ts.isJsxSelfClosingElement(node) || ts.isJsxFragment(node)) {
        throw new Unsupported(file, node, "JSX is not supported");
      }
      ts.forEachChild(node, walk);
    });
    if (file.text.indexOf("import.meta") >= 0) {
      ts.forEachChild(file, function walk(node) {
        if (ts.isMetaProperty(node) && node.keywordToken === ts.SyntaxKind.ImportKeyword) {
          throw new Unsupported(file, node, "'import.meta' is not supported");
        }
        ts.forEachChild(node, walk);
      });
    }
  }

  // ---- where functions stand

  // The function or class of the text that a function of the code was made of, if any.
  function originOf(node) {
    for (; node !== undefined; node = node.original) {
      if (node.classNode !== undefined) return ts.getParseTreeNode(node.classNode);
      if ((node.flags & ts.NodeFlags.Synthesized) === 0) return node;
    }
    return undefined;
  }

  // Behind decorators and the modifiers that are not part of the function (`export default`, `static`, `private`).
  function beginOf(node, text) {
    var begin = node.pos;
    var before = (node.decorators || []).concat(node.modifiers || []);
    for (var i = 0; i < before.length; ++i) {
      if (before[i].kind !== ts.SyntaxKind.AsyncKeyword) begin = Math.max(begin, before[i].end);
    }
    return ts.skipTrivia(text, begin);
  }

  function functionPlaces(text) {
    var places = [];
    for (var i = 0; i < ts.functionEnds.length; i += 2) {
      var origin = originOf(ts.functionEnds[i + 1]);
      if (origin === undefined || !(ts.isFunctionLike(origin) || ts.isClassLike(origin))) continue;
      places.push(ts.functionEnds[i], beginOf(origin, text), origin.end);
    }
    return places.join();
  }

  // A name that is declared twice, and once by let or const. The binder has one code for it when that was the first of
  // the two, and another one, which it uses for much that is allowed in JavaScript as well, when it was the second.
  var REDECLARED = 2451, DUPLICATE = 2300;

  function isBlockScoped(node) {
    return ts.isVariableDeclaration(node.parent) && (ts.getCombinedNodeFlags(node.parent) & ts.NodeFlags.BlockScoped) !== 0;
  }

  function checkDeclarations(file) {
    (file.bindDiagnostics || []).forEach(function (problem) {
      if (problem.code !== REDECLARED && problem.code !== DUPLICATE) return;
      var node = ts.getTokenAtPosition(file, problem.start);
      if (problem.code === DUPLICATE && !isBlockScoped(node)) return;
      throw new Unsupported(file, node, "'" + node.text + "' has already been declared");
    });
  }

  function describe(problem) {
    var place = { line: 0, character: 0 };
    var message = ts.flattenDiagnosticMessageText(problem.messageText, "\n");
    if (problem.file !== undefined && problem.start !== undefined) {
      place = ts.getLineAndCharacterOfPosition(problem.file, problem.start);
      var word = /^(?:satisfies|accessor|using)\b/.exec(problem.file.text.substr(problem.start, 10));
      if (word !== null) message = message.replace(/\.$/, "") + ": '" + word[0] + "' is newer than the compiler, TypeScript 4.8";
    }
    return {
      message: message,
      line: place.line + 1,
      column: place.character + 1
    };
  }

  return function compile(text, isTypeScript, isGlobalCode) {
    var isModule = false;
    var transformers = [function () {
      return function (file) {
        isModule = ts.isExternalModule(file);
        if (file.parseDiagnostics.length === 0) {
          checkFile(file);
          checkDeclarations(file);
        }
        return file;
      };
    }, refuseConstants];
    if (/__proto__|\bsuper\s*[.[]/.test(text)) transformers.push(replaceRest);
    if (text.indexOf("extends") >= 0) transformers.push(wrapBases);
    if (/\?\.[^;]*#/.test(text)) transformers.push(openPrivateChains);
    var keepers = [];
    if (/\barguments\b/.test(text) && /=>|\basync\b|\*/.test(text)) transformers.push(keepArguments.bind(null, keepers));
    if (!isTypeScript && text.indexOf("class") >= 0) transformers.push(initializeFields);
    ts.mappedLine = -1;  // these four: generate-typescript.sh
    ts.functionEnds = [];
    ts.constantTargets = [];
    ts.keepsTemplates = !isGlobalCode;
    try {
      var result = ts.transpileModule(text, {
        fileName: isTypeScript ? "script.ts" : "script.js",
        reportDiagnostics: true,
        compilerOptions: OPTIONS,
        transformers: { before: transformers, after: [declareArguments(keepers)] }
      });
    } catch (error) {
      if (error instanceof Unsupported) return describe(error.problem);
      throw error;
    }
    if (result.diagnostics.length > 0) return describe(result.diagnostics[0]);
    return {
      code: result.outputText.replace(/\n?\/\/# sourceMappingURL=.*\n?$/, "\n"),
      mappings: JSON.parse(result.sourceMapText).mappings,
      places: functionPlaces(text),
      isModule: isModule
    };
  };
})()
