<?php
function hello() {
    return '@HELLO@';
}
echo hello();
