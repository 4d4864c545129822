/* rampart.import: CSV. Data, options and callback may come in any order; they are told apart by type. */

declare namespace Rampart {
  interface Importers {
    /** Rows of a String or Buffer. With a callback it returns the number of rows. */
    csv(data: string | BufferData, options?: CsvOptions): CsvResult;
    csv(options: CsvOptions, data: string | BufferData): CsvResult;
    csv(data: string | BufferData, options: CsvOptions, callback: CsvCallback): number;
    csv(data: string | BufferData, callback: CsvCallback, options?: CsvOptions): number;
    csv(options: CsvOptions, data: string | BufferData, callback: CsvCallback): number;

    /** The same from a file. */
    csvFile(path: string, options?: CsvOptions): CsvResult;
    csvFile(options: CsvOptions, path: string): CsvResult;
    csvFile(path: string, options: CsvOptions, callback: CsvCallback): number;
    csvFile(path: string, callback: CsvCallback, options?: CsvOptions): number;
    csvFile(options: CsvOptions, path: string, callback: CsvCallback): number;
  }

  interface CsvResult {
    /** Arrays, or Objects with `returnType: "object"`. */
    results: any[];
    columns: string[];
    rowCount: number;
  }

  /** Called for each row; false stops the calls. */
  type CsvCallback = (row: any, index: number, columns: string[]) => boolean | void;

  interface CsvOptions {
    /** The first row names the columns. Default false: `col_1`, `col_2`, ... */
    hasHeaderRow?: boolean;
    /** Default "array". */
    returnType?: "array" | "object";
    /** Default ",". */
    delimiter?: string;
    /** Default true. */
    stripLeadingWhite?: boolean;
    /** Default true. */
    stripTrailingWhite?: boolean;
    /** `""` inside a quoted cell is one `"`. */
    doubleQuoteEscape?: boolean;
    /** Cells may be quoted with `'`. Default true. */
    singleQuoteNest?: boolean;
    /** Default true. */
    backslashEscape?: boolean;
    /** All C escapes, or only backslash and quotes. Default true. */
    allEscapes?: boolean;
    /** `1 234,5` is 1234.5. */
    europeanDecimal?: boolean;
    /** Look for numbers and dates inside quoted cells too. */
    tryParsingStrings?: boolean;
    /** strptime format of cells that become a Date. Default "%Y-%m-%d %H:%M:%S". */
    timeFormat?: string;
    /** Cast each column to the type that most of its cells have; other cells become null. */
    normalize?: boolean;
    /** Each cell is `{value, raw}`. */
    includeRawString?: boolean;
    /** Called for every `progressStep`-th row. Stage 0 counts, 1 parses, 2 and up normalise. */
    progressFunc?: (row: number, stage: number) => void;
    progressStep?: number;
  }
}
