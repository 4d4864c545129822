module.exports = () => "called"; module.exports.named = "named";
