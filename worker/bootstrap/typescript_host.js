// Drives TypeScript's compiler in a compile process (worker/compile_process.cpp): compiled to bytecode when Ravelin is
// built, run after the compiler itself, whose global `ts` it uses. Its value is
//   compile(text, isTypeScript) -> {code, mappings, isModule} or {message, line, column}
// where `mappings` are those of the source map, `isModule` is true for a text with import or export, and line and
// column (from 1) are those of the first syntax error.
// Type errors are not reported: that is an editor's work.
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

  // class A extends B: B becomes __nativeBase(B), see library.js.
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
  // (TypeScript refuses this for ES5.) Arrow functions outside all functions are left alone.
  function keepArguments(context) {
    var factory = context.factory;
    var NAME = "__arguments";
    var inFunction = false;
    var arrows = 0;        // between the function and the node
    var isWanted = false;  // the function needs the variable

    function withVariable(body) {
      var variable = factory.createVariableStatement(undefined, [
        factory.createVariableDeclaration(NAME, undefined, undefined, factory.createIdentifier("arguments"))]);
      var statements = ts.setTextRange(factory.createNodeArray([variable].concat(body.statements)), body.statements);
      return factory.updateBlock(body, statements);
    }

    function visitFunction(node) {
      var outer = [inFunction, arrows, isWanted];
      inFunction = true;
      arrows = 0;
      isWanted = false;
      var body = node.body;
      node = ts.visitEachChild(node, function (child) {
        var visited = visit(child);
        return child === body && isWanted ? withVariable(visited) : visited;
      }, context);
      inFunction = outer[0];
      arrows = outer[1];
      isWanted = outer[2];
      return node;
    }

    function visit(node) {
      if (ts.isIdentifier(node)) {
        if (!inFunction || arrows === 0 || node.escapedText !== "arguments" || !ts.isExpressionNode(node)) return node;
        isWanted = true;
        return ts.setTextRange(factory.createIdentifier(NAME), node);
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

  function describe(problem) {
    var place = { line: 0, character: 0 };
    if (problem.file !== undefined && problem.start !== undefined) {
      place = ts.getLineAndCharacterOfPosition(problem.file, problem.start);
    }
    return {
      message: ts.flattenDiagnosticMessageText(problem.messageText, "\n"),
      line: place.line + 1,
      column: place.character + 1
    };
  }

  return function compile(text, isTypeScript) {
    var isModule = false;
    var transformers = [function () {
      return function (file) {
        isModule = ts.isExternalModule(file);
        return file;
      };
    }];
    if (text.indexOf("extends") >= 0) transformers.push(wrapBases);
    if (text.indexOf("arguments") >= 0 && text.indexOf("=>") >= 0) transformers.push(keepArguments);
    ts.mappedLine = -1;  // generate-typescript.sh
    var result = ts.transpileModule(text, {
      fileName: isTypeScript ? "script.ts" : "script.js",
      reportDiagnostics: true,
      compilerOptions: OPTIONS,
      transformers: { before: transformers }
    });
    if (result.diagnostics.length > 0) return describe(result.diagnostics[0]);
    return {
      code: result.outputText.replace(/\n?\/\/# sourceMappingURL=.*\n?$/, "\n"),
      mappings: JSON.parse(result.sourceMapText).mappings,
      isModule: isModule
    };
  };
})()
