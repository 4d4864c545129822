"use babel"
// c
f(`${`${%d:1}`}`)
