#!/bin/sh
# Writes the TypeScript compiler that Ravelin compiles to bytecode: Debian's typescript.js with a few edits that more than
# halve the time of a compilation on our engine (1 to 4: they leave its result as it is, tests compare them) and bring
# the result closer to the standard (5 to 11).
#
#   deploy/generate-typescript.sh typescript.js OUT
#
# Every edit must match exactly once, so that another version of TypeScript ends the build instead of losing an edit.
set -eu

source_file=$1
out_file=$2
edits=$(mktemp)
trap 'rm -f "$edits" "$out_file.new.$$"' EXIT

# 1. JavaScript files are not type-checked: nobody sees the result. What the transformers ask the checker about is which
#    names are captured by closures in loops and the like; checkNames() walks through the file for that alone. Types of
#    the identifiers it meets do not matter, and names that are not found are no error.
# 2. Only the first mapping of each line of the output is recorded: stacks know lines only. (ts.mappedLine is reset by
#    typescript_host.js.)
# 3. Lines are found by the engine's own search, and their numbers without callbacks: the writer asks for each token.
# 4. The flags of a kind of node are looked up in a table and not in a switch, which our engine goes through from the top.
# 5. Methods of classes do not show up in for-in, have names, and may be called `name`: __defineMethod() (see
#    worker/compiled_code.h) in place of an assignment. Static fields may be called `name` too.
# 6. Getters behind a computed key of an object literal are enumerable.
# 7. The strings of a tagged template are the same object each time, also in files without import and export.
# 8. The printer notes in ts.functionEnds where functions end ([position, node, ...]), and the class that a function was
#    made of is its classNode: typescript_host.js makes a table of it, for toString().
# 9. Escapes that are wrong are no error in tagged templates. The scanner does not know yet whether there is a tag, so it
#    scans as if there was one; the parser scans again when there is none.
# 10. Helpers: only what is iterable or has a length can be destructured as an Array, and strings of tagged templates are
#    frozen.
# 11. Private names in optional chains are no error: typescript_host.js takes them apart.
cat >"$edits" <<'SED'
s/^            if (!ts.isPrivateIdentifier(propertyName) && ts.getUseDefineForClassFields(context.getCompilerOptions())) {$/            if (!ts.isPrivateIdentifier(propertyName)) {/
s/^\( *\)e = factory.createObjectDefinePropertyCall(receiver, name, factory.createPropertyDescriptor({ value: memberFunction, .*$/\1e = factory.createCallExpression(factory.createIdentifier("__defineMethod"), undefined, [receiver, name, memberFunction]);/
s/^            var emitAssignment = !useDefineForClassFields;$/            var emitAssignment = !useDefineForClassFields \&\& !ts.hasStaticModifier(property);/
s/getAccessor || setAccessor ? factory.createFalse() : factory.createTrue()/ts.isClassLike(container) ? factory.createFalse() : factory.createTrue()/
/^        \/\/ variables from outside of the current compilation. In the future, we can revisit this behavior.$/{
n
s/ts.isExternalModule(currentSourceFile)/ts.keepsTemplates/
}
/^        function emitSignatureAndBody(node, emitSignatureHead) {$/a\
            emitFunctionText(node, emitSignatureHead);\
            ts.functionEnds.push(writer.getTextPos(), node);\
        }\
        function emitFunctionText(node, emitSignatureHead) {
s/if (isOptionalChain && ts\.isPrivateIdentifier(propertyAccess\.name)) {/if (false) {/
s/if (!m) return o;/if (!m) { if (typeof o.length === \\"number\\") return o; throw new TypeError(\\"the value is not iterable\\"); }/
/^        text: ".*__makeTemplateObject/{
s/{ value: raw })/{ value: Object.freeze(raw) })/
s/return cooked;/return Object.freeze(cooked);/
}
s/^            ts.setTextRange(constructorFunction, constructor || node);$/&\
            constructorFunction.classNode = node;/
/^        function visitMethodOrAccessorDeclaration(node) {$/,/^        }/{
s/factory\.createAssignment(functionName, factory\.createFunctionExpression(/factory.createAssignment(functionName, ts.setOriginalNode(factory.createFunctionExpression(/
s/ts\.visitFunctionBody(node\.body, classElementVisitor, context))));$/ts.visitFunctionBody(node.body, classElementVisitor, context)), node)));/
}
s/^                        return token = scanTemplateAndSetTokenValue(\/\* isTaggedTemplate \*\/ false);$/                        return token = scanTemplateAndSetTokenValue(true);/
s/^        function reScanTemplateHeadOrNoSubstitutionTemplate() {$/        function reScanTemplateHeadOrNoSubstitutionTemplate(isUntagged) {/
s/^            return token = scanTemplateAndSetTokenValue(\/\* isTaggedTemplate \*\/ true);$/            return token = scanTemplateAndSetTokenValue(!isUntagged);/
s/return currentToken = scanner\.reScanTemplateHeadOrNoSubstitutionTemplate();/return currentToken = scanner.reScanTemplateHeadOrNoSubstitutionTemplate(isUntagged);/
/^        function parseTemplateHead(isTaggedTemplate) {$/a\
            if (!isTaggedTemplate \&\& scanner.getTokenFlags() \& 2048 /* ContainsInvalidEscape */) reScanTemplateHeadOrNoSubstitutionTemplate(true);
/^        function parsePrimaryExpression() {$/a\
            if (token() === 14 /* NoSubstitutionTemplateLiteral */ \&\& scanner.getTokenFlags() \& 2048) reScanTemplateHeadOrNoSubstitutionTemplate(true);
/^        function checkSourceFileWorker(node) {$/i\
        function checkNames(node) {\
            if (node.kind === ts.SyntaxKind.Identifier) {\
                var parent = node.parent;\
                if (ts.isExpressionNode(node) || ts.isShorthandPropertyAssignment(parent) && parent.name === node) {\
                    var links = getNodeLinks(node);\
                    if (!links.resolvedSymbol) {\
                        links.resolvedSymbol = resolveName(node, node.escapedText, 111551 /* Value */ | 1048576 /* ExportValue */,\
                            undefined, undefined, true) || unknownSymbol;\
                    }\
                    checkIdentifier(node);\
                    if (links.resolvedSymbol.flags & 2097152 /* Alias */) markAliasReferenced(links.resolvedSymbol, node);\
                }\
                return;\
            }\
            if (node.kind === ts.SyntaxKind.SuperKeyword) {\
                if (isInPropertyInitializerOrClassStaticBlock(node)) checkSuperExpression(node);\
            }\
            else if (ts.isClassElement(node)) {\
                if (node.name) setNodeLinksForPrivateIdentifierScope(node);\
            }\
            else if (ts.isExportSpecifier(node)) {\
                if (!node.parent.parent.moduleSpecifier) checkExportSpecifier(node);\
            }\
            else if (ts.isComputedPropertyName(node) && ts.isPropertyDeclaration(node.parent)) {\
                checkComputedPropertyName(node);\
            }\
            ts.forEachChild(node, checkNames);\
        }
/^                checkGrammarSourceFile(node);$/i\
                if (ts.isSourceFileJS(node)) {\
                    ts.forEach(node.statements, checkNames);\
                    links.flags |= 1 /* NodeCheckFlags.TypeChecked */;\
                    return;\
                }
/^            var type = getNarrowedTypeOfSymbol(localOrExportSymbol, node);$/i\
            if (localOrExportSymbol.flags & 2 /* BlockScopedVariable */ && ts.getAssignmentTargetKind(node) &&\
                getDeclarationNodeFlagsFromSymbol(localOrExportSymbol) & 2 /* Const */) ts.constantTargets.push(node);\
            if (ts.isInJSFile(node)) return anyType;
/^        function shouldEmitSourceMaps(node) {$/a\
            if (writer.getLine() === ts.mappedLine) return false;
/^            var _a = ts.getLineAndCharacterOfPosition(sourceMapSource, pos), sourceLine = _a.line, sourceCharacter = _a.character;$/i\
            if (writer.getLine() === ts.mappedLine) return;\
            ts.mappedLine = writer.getLine();
/^    function computeLineStarts(text) {$/a\
        if (text.indexOf("\\r") < 0 && text.indexOf("\\u2028") < 0 && text.indexOf("\\u2029") < 0) {\
            var starts = [0];\
            for (var feed = text.indexOf("\\n"); feed >= 0; feed = text.indexOf("\\n", feed + 1)) starts.push(feed + 1);\
            return starts;\
        }
/^    function computeLineOfPosition(lineStarts, position, lowerBound) {$/a\
        var low = lowerBound || 0;\
        var high = lineStarts.length - 1;\
        while (low < high) {\
            var middle = (low + high + 1) >> 1;\
            if (lineStarts[middle] <= position) low = middle;\
            else high = middle - 1;\
        }\
        return low;
/^    function getTransformFlagsSubtreeExclusions(kind) {$/i\
    var subtreeExclusions = [];\
    function getTransformFlagsSubtreeExclusions(kind) {\
        var known = subtreeExclusions[kind];\
        return known !== undefined ? known : subtreeExclusions[kind] = computeTransformFlagsSubtreeExclusions(kind);\
    }
s/^    function getTransformFlagsSubtreeExclusions(kind) {$/    function computeTransformFlagsSubtreeExclusions(kind) {/
SED
sed -f "$edits" "$source_file" >"$out_file.new.$$"

require_once() {
  if [ "$(grep -c -F "$1" "$out_file.new.$$")" != 1 ]; then
    echo "generate-typescript.sh: $source_file: the edited compiler has not exactly one '$1';" \
      "this TypeScript differs from 4.8.4, adapt the edits" >&2
    exit 1
  fi
}
require_once 'ts.versionMajorMinor = "4.8";'
require_once '        function checkNames(node) {'
require_once 'if (ts.isSourceFileJS(node)) {'
require_once 'if (ts.isInJSFile(node)) return anyType;'
require_once '& 2 /* Const */) ts.constantTargets.push(node);'
require_once 'if (writer.getLine() === ts.mappedLine) return false;'
require_once '            ts.mappedLine = writer.getLine();'
require_once '            var starts = [0];'
require_once '        var high = lineStarts.length - 1;'
require_once '[receiver, name, memberFunction]);'
require_once '            if (!ts.isPrivateIdentifier(propertyName)) {'
require_once ' && !ts.hasStaticModifier(property);'
require_once 'ts.isClassLike(container) ? factory.createFalse() : factory.createTrue()'
require_once 'if (ts.keepsTemplates) {'
require_once '            ts.functionEnds.push(writer.getTextPos(), node);'
require_once 'throw new TypeError(\"the value is not iterable\");'
require_once '{ value: Object.freeze(raw) })'
require_once 'return Object.freeze(cooked);'
require_once '            if (false) {'
require_once '            constructorFunction.classNode = node;'
require_once 'factory.createAssignment(functionName, ts.setOriginalNode(factory.createFunctionExpression('
require_once 'ts.visitFunctionBody(node.body, classElementVisitor, context)), node)));'
require_once '                        return token = scanTemplateAndSetTokenValue(true);'
require_once '            return token = scanTemplateAndSetTokenValue(!isUntagged);'
require_once 'scanner.reScanTemplateHeadOrNoSubstitutionTemplate(isUntagged);'
require_once '            if (!isTaggedTemplate && scanner.getTokenFlags() & 2048 /* ContainsInvalidEscape */)'
require_once '            if (token() === 14 /* NoSubstitutionTemplateLiteral */ && scanner.getTokenFlags() & 2048)'
require_once '    function computeTransformFlagsSubtreeExclusions(kind) {'

mv -f "$out_file.new.$$" "$out_file"
