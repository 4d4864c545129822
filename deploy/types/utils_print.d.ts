/* rampart.utils: the printf family. All share one formatter:

     %s anything          %d %i %u %x %X %o %b integers    %f %e %g floats         %c %C characters
     %J %3J JSON          %!J JSON of cyclic values        %S Strings only         %M an Array, one item per line
     %H %!H HTML          %U %!U URL                       %B %!B base64           %P %w text, wrapped

   Flags before the width: `-` `0` `+` space `#` `,` (thousands) `!` and the colours `a A ^ @`, which take a String such
   as "red" before the value. A conversion without an argument or with a value of the wrong type throws. */

declare namespace Rampart {
  interface Utils {
    /** Prints to stdout. Returns the number of bytes. */
    printf(format: string | BufferData, ...values: any[]): number;
    /** Returns the text. */
    sprintf(format: string | BufferData, ...values: any[]): string;
    /** Returns the bytes: the way to join binary data, as `%s` copies a Buffer byte for byte. */
    bprintf(format: string | BufferData, ...values: any[]): PlainBuffer;
    /**
     * Prints to a handle, or to a file by name, which is emptied first unless `append` is true. Returns the number of
     * bytes.
     */
    fprintf(output: FileHandle | string, format: string | BufferData, ...values: any[]): number;
    fprintf(file: string, append: boolean, format: string | BufferData, ...values: any[]): number;
    /** A copy of `data`, cut to `start` bytes (negative: from its end), with the text after it. */
    abprintf(data: BufferData, format: string | BufferData, ...values: any[]): PlainBuffer;
    abprintf(data: BufferData, start: number, format: string | BufferData, ...values: any[]): PlainBuffer;
  }
}
