/**
 * From documents to training batches. Reads texts ({@link dev.troupe.model.data.WordNetSource},
 * {@link dev.troupe.model.data.TextSource}), keeps some of them from training
 * ({@link dev.troupe.model.data.CorpusSplit}), writes token shards ({@link dev.troupe.model.data.CorpusPreparation})
 * and reads them back as batches ({@link dev.troupe.model.data.TokenBatches}).
 *
 * <h2>Token shards</h2>
 *
 * A folder holds {@code shard-00000.tokens}, {@code shard-00001.tokens} and so on; their tokens are one stream,
 * document after document, each ended by the tokenizer's end-of-text token when it has one. All numbers are
 * little-endian.
 *
 * <pre>
 * offset  size  header
 *      0     8  "TRPTOKEN"
 *      8     4  format version, 1
 *     12     4  bytes per token: 2 (unsigned) for vocabularies up to 65,536, else 4
 *     16     8  number of tokens
 *     24     4  vocabulary size; every token is below it
 *     28     4  number of this shard, from 0
 *     32     8  number of document entries
 *     40     8  offset of the document index: 128 + tokens * bytes per token
 *     48     8  bytes of the document index; the file ends with it
 *     56     8  UTF-8 bytes of the texts of the documents that begin here
 *     64    32  SHA-256 of the tokenizer
 *     96     4  CRC-32C of the tokens
 *    100     4  CRC-32C of the document index
 *    104     4  flags; bit 0: this is the last shard
 *    108    16  zero
 *    124     4  CRC-32C of bytes 0 to 123
 *    128        tokens
 *
 * document index: the entries, then the ids (UTF-8) one after the other
 *      0     8  first token, counted in this shard
 *      8     8  UTF-8 bytes of the text
 *     16     4  offset of the id among the ids
 *     20     4  bytes of the id
 *     24     4  flags; bit 0: goes on with the last document of the shard before
 *     28     4  zero
 * </pre>
 */
@NullMarked
package dev.troupe.model.data;

import org.jspecify.annotations.NullMarked;
