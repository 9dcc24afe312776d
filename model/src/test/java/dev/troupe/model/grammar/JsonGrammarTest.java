package dev.troupe.model.grammar;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.troupe.model.sampling.TokenMask;
import dev.troupe.model.tokenizer.BpeTrainer;
import dev.troupe.model.tokenizer.CharTokenizer;
import dev.troupe.model.tokenizer.Tokenizer;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Texts that a schema's automaton takes, and masks against one token after another. */
class JsonGrammarTest {
    private static final JsonMapper JSON = JsonMapper.builder()
            .enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION)
            .build();

    /** Tokens of several bytes that cross the borders of JSON's parts. */
    private static final Tokenizer TOKENIZER = BpeTrainer.train(
            List.of("{\"a\": [1, 2.5e-3, true, null], \"name\":\"größe 日本\"}\n".repeat(3)
                    + "\"}, \"}], [[[[ {\"ab\": {\"k\":\"z\"}} 10 20 -1 false ".repeat(3)),
            380,
            List.of(BpeTrainer.END_OF_TEXT),
            1);

    private static final TokenTrie TRIE = trie(TOKENIZER);
    private static final Set<Integer> ENDS = TOKENIZER.endTokens();

    private static TokenTrie trie(Tokenizer tokenizer) {
        return TokenTrie.of(Spelling.of(tokenizer, List.of()));
    }

    private static JsonGrammar compile(String schema, TokenTrie trie) {
        return JsonGrammar.compile(List.of(AnswerForm.json(schema)), trie);
    }

    private static String takes(String schema, String text) {
        return compile(schema.replace('\'', '"'), TRIE)
                .start()
                .append(text.replace('\'', '"').getBytes(StandardCharsets.UTF_8))
                .map(state -> state.isComplete() ? "whole" : "part")
                .orElse("no");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{'type':'object'} | {'a':{'b':[1,-2.5e+7,'x',true,false,null,{}]}} | whole",
                "{'type':'object'} | `\n  { 'a' :1}` | no",
                "{'type':'object'} | `\n{\n  'a': 1,\n  'b': [ 1, 2 ]\n}` | whole",
                "{'type':'object'} | `{\r\n\t\t'a': 1\n\n}` | whole",
                "{'type':'object'} | `{\n\n\n` | no",
                "{'type':'object'} | {  | part",
                "{'type':'object'} | `{  ` | no",
                "{'type':'object'} | [ | no",
                "{'type':'object'} | {'a':01 | no",
                "{'type':'object'} | {'a':1.} | no",
                "{'type':'object'} | {'a':1,} | no",
                "{'type':'object'} | {'a':'\\x | no",
                "{'type':'object'} | {'a':'\\ud83d\\ude00\\u00e9\\n'} | whole",
                "{'type':'object'} | {'a':'\\ud83d' | no",
                "{'type':'object'} | {}x | no",
                "{} | 12 | whole",
                "{} | 'é日😀' | whole",
                "{'type':'integer'} | -120 | whole",
                "{'type':'integer'} | 1.0 | no",
                "{'type':'integer','minimum':-12,'maximum':107} | -12 | whole",
                "{'type':'integer','minimum':-12,'maximum':107} | -13 | no",
                "{'type':'integer','minimum':-12,'maximum':107} | 107 | whole",
                "{'type':'integer','minimum':-12,'maximum':107} | 108 | no",
                "{'type':'integer','exclusiveMinimum':0} | 0 | no",
                "{'type':'number','minimum':0,'exclusiveMaximum':2} | 0.25 | whole",
                "{'type':'number','minimum':0,'exclusiveMaximum':2} | 2 | no",
                "{'type':'number','minimum':-1.5} | -0.5 | whole",
                "{'type':'number','minimum':-1.5} | -1.50 | whole",
                "{'type':'number','minimum':-1.5} | -1.51 | no",
                "{'type':'number','minimum':0.1,'maximum':0.9} | 0.1 | whole",
                "{'type':'number','minimum':0.1,'maximum':0.9} | 0.05 | no",
                "{'type':'number','minimum':0.1,'maximum':0.9} | 0.90 | whole",
                "{'type':'number','minimum':0.1,'maximum':0.9} | 0.901 | no",
                "{'type':'number','minimum':0.1,'maximum':0.9} | 0 | part",
                "{'type':'number','minimum':0.1,'maximum':0.9} | 1 | no",
                "{'type':'number','exclusiveMinimum':0,'exclusiveMaximum':1} | 0.5 | whole",
                "{'type':'number','exclusiveMinimum':0,'exclusiveMaximum':1} | 0.0 | part",
                "{'type':'number','exclusiveMinimum':0,'exclusiveMaximum':1} | 0.000000000000000000 | no",
                "{'type':'number','exclusiveMinimum':0,'exclusiveMaximum':1} | 0.000000000000000001 | whole",
                "{'type':'number','exclusiveMinimum':0,'exclusiveMaximum':1} | - | no",
                "{'type':'number','exclusiveMinimum':0} | 0.5 | whole",
                "{'type':'number','maximum':2.25,'exclusiveMaximum':2.25} | 2.25 | no",
                "{'type':'number','maximum':2.25,'exclusiveMaximum':2.25} | 2.2499 | whole",
                "{'type':'number','exclusiveMaximum':-0.25} | -0.2500 | part",
                "{'type':'number','exclusiveMaximum':-0.25} | -0.2501 | whole",
                "{'type':'number','exclusiveMaximum':-0.25} | 0 | no",
                "{'type':'number','minimum':3.5,'maximum':3.5} | 3.5 | whole",
                "{'type':'number','minimum':3.5,'maximum':3.5} | 3.4 | no",
                "{'type':['integer','null']} | null | whole",
                "{'enum':['a','ab',1,[1,{'k':null}]]} | 'ab' | whole",
                "{'enum':['a','ab',1,[1,{'k':null}]]} | 'a' | whole",
                "{'enum':['a','ab',1,[1,{'k':null}]]} | [1,{'k':null}] | whole",
                "{'type':'string','enum':['a',1]} | 1 | no",
                "{'const':1.50} | 1.50 | whole",
                "{'type':'string','minLength':2,'maxLength':3} | '日😀' | whole",
                "{'type':'string','minLength':2,'maxLength':3} | 'a' | no",
                "{'type':'string','minLength':2,'maxLength':3} | 'abcd' | no",
                "{'type':'string','pattern':'^a+b?$'} | 'aaab' | whole",
                "{'type':'string','pattern':'^a+b?$'} | 'aaaba | no",
                "{'type':'string','format':'date'} | '2026-02-28' | whole",
                "{'type':'string','format':'date'} | '2026-13 | no",
                "{'type':'string','format':'iri'} | 'anything' | whole",
                "{'type':'string','format':'path','maxLength':2} | 'abc' | no",
                "{'type':'integer','format':'int32'} | 12 | whole",
                "{'type':'string','format':'uri','minLength':1,'maxLength':2083} | 'http://a/b' | whole",
                "{'type':'string','format':'uri','minLength':1,'maxLength':2083} | 'no uri' | no",
                "{'format':'date-time','pattern':'^[0-9]{4}Z$'} | '2026Z' | whole",
                "{'format':'date-time','pattern':'^[0-9]{4}Z$'} | '2026-' | no",
                "{'format':'email','pattern':'^(?!x)[a-z]+@[a-z]+$'} | 'a@b.org' | whole",
                "{'format':'email','pattern':'^(?!x)[a-z]+@[a-z]+$'} | 'a b' | no",
                "{'type':'string','nullable':true,'x-order':1,'contentEncoding':'base64'} | 'a' | whole",
                "{'type':'object','propertyNames':{'type':'string'},'additionalProperties':{'const':1}} | {'a':1} | whole",
                "{'type':'array','items':{'type':'integer'},'minItems':1,'maxItems':2} | [1, 2] | whole",
                "{'type':'array','items':{'type':'integer'},'minItems':1,'maxItems':2} | [] | no",
                "{'type':'array','items':{'type':'integer'},'minItems':1,'maxItems':2} | [1,2, | no",
                "{'type':'array','prefixItems':[{'const':1}],'items':{'const':2}} | [1,2,2] | whole",
                "{'type':'array','prefixItems':[{'const':1}],'items':{'const':2}} | [2 | no",
                "{'properties':{'a':{'type':'null'},'b':{},'c':{}},'required':['b']} | {'b':1,'c':2} | whole",
                "{'properties':{'a':{'type':'null'},'b':{},'c':{}},'required':['b']} | {'a':null} | no",
                "{'properties':{'a':{'type':'null'},'b':{},'c':{}},'required':['b']} | {'c' | no",
                "{'properties':{'a':{}},'additionalProperties':true} | {'ab':1,'b':2} | whole",
                "{'properties':{'a':{'const':1}},'additionalProperties':true} | {'b':2,'a' | no",
                "{'properties':{'a':{'const':1}},'additionalProperties':true} | {'\\u0061' | no",
                "{'additionalProperties':{'type':'integer'}} | {'x':1,'y':2} | whole",
                "{'additionalProperties':{'type':'integer'}} | {'x':'1' | no",
                "{'$ref':'#/$defs/t','$defs':{'t':{'properties':{'n':{'$ref':'#/$defs/t'}}}}} | {'n':{'n':{}}} | whole",
                "{'anyOf':[{'type':'integer'},{'type':'string','maxLength':1}]} | 'ab' | no",
                "{'type':'integer','multipleOf':7} | -49 | whole",
                "{'type':'integer','multipleOf':7} | 0 | whole",
                "{'type':'integer','multipleOf':7} | 48 | part",
                "{'type':'integer','multipleOf':7,'minimum':100,'maximum':120} | 119 | whole",
                "{'type':'integer','multipleOf':7,'minimum':100,'maximum':120} | 10 | part",
                "{'type':'integer','multipleOf':7,'minimum':100,'maximum':120} | 12 | no",
                "{'type':'integer','multipleOf':1000} | 12000 | whole",
                "{'type':'number','multipleOf':0.25} | 3.75 | whole",
                "{'type':'number','multipleOf':0.25} | -3.5 | whole",
                "{'type':'number','multipleOf':0.25} | 3.8 | no",
                "{'type':'number','multipleOf':0.01,'minimum':0} | 19.99 | whole",
                "{'type':'number','multipleOf':0.01,'minimum':0} | 19.990 | no",
                "{'type':'integer','multipleOf':2.5} | 10 | whole",
                "{'type':'integer','multipleOf':2.5} | 12 | part",
                "{'minLength':2,'enum':['a','bc',7]} | 'bc' | whole",
                "{'minLength':2,'enum':['a','bc',7]} | 'a' | no",
                "{'minimum':2,'multipleOf':2,'enum':[0,2,3,4.0,'x']} | 4.0 | whole",
                "{'minimum':2,'multipleOf':2,'enum':[0,2,3,4.0,'x']} | 3 | no",
                "{'allOf':[{'multipleOf':4},{'multipleOf':6}]} | 24 | whole",
                "{'allOf':[{'multipleOf':4},{'multipleOf':6}]} | 16 | part",
                "{'uniqueItems':true,'items':{'enum':['a','b',1,1.0]}} | ['b',1,'a'] | whole",
                "{'uniqueItems':true,'items':{'enum':['a','b',1,1.0]}} | ['b','b' | no",
                "{'uniqueItems':true,'items':{'enum':['a','b',1]},'minItems':2} | [1] | no",
                "{'uniqueItems':true,'items':{'enum':['a','b',1]},'maxItems':2} | [1,'a', | no",
                "{'type':'string','anyOf':[{'maxLength':1},{'type':'integer'},{'const':'abc'}]} | 'abc' | whole",
                "{'type':'string','anyOf':[{'maxLength':1},{'type':'integer'},{'const':'abc'}]} | 1 | no",
                "{'allOf':[{'properties':{'a':{'minimum':2}}},{'properties':{'a':{'type':'integer'},'b':{}},"
                        + "'required':['a']}]} | {'a':2,'b':1} | whole",
                "{'allOf':[{'properties':{'a':{'minimum':2}}},{'properties':{'a':{'type':'integer'},'b':{}},"
                        + "'required':['a']}]} | {'a':1 | part",
                "{'allOf':[{'properties':{'a':{}},'additionalProperties':false},{'properties':{'b':{}}}]} | {'b' | no",
                "{'$ref':'#/$defs/t','minItems':1,'$defs':{'t':{'items':{'$ref':'#/$defs/t'}}}} | [[],[[]]] | whole",
                "{'$ref':'#/$defs/t','minItems':1,'$defs':{'t':{'items':{'$ref':'#/$defs/t'}}}} | [] | no",
                "{'allOf':[{'$ref':'#/$defs/a'},{'$ref':'#/$defs/b'}],'$defs':{'a':{'properties':{'n':{'$ref':"
                        + "'#/$defs/a'}}},'b':{'properties':{'n':{'$ref':'#/$defs/b'},'x':{'const':1}}}}}"
                        + " | {'n':{'n':{'x':1}},'x':1} | whole",
                "{'properties':{'a/b':{'$ref':'#/properties/c~1d'},'c/d':{'const':5}}} | {'a/b':5} | whole",
            })
    void takesValidTexts(String schema, String text, String expected) {
        assertThat(takes(schema, text)).isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{'type':'array','uniqueItems':true} | #/uniqueItems | at most 8 values",
                "{'properties':{'a':{'items':{'multipleOf':0}}}} | #/properties/a/items/multipleOf | greater than 0",
                "{'type':'number','multipleOf':1001} | #/multipleOf | at most 1000",
                "{'type':'number','multipleOf':0.0000001} | #/multipleOf | decimals",
                "{'type':'integer','multipleOf':7,'minimum':15,'maximum':20} | # | no value",
                "{'$defs':{'x':{'not':{}}},'items':{'$ref':'#/$defs/x'}} | #/$defs/x | not",
                "{'$ref':'#/$defs/gone'} | #/$ref | not there",
                "{'$ref':'http://example.org/x'} | #/$ref | in this schema",
                "{'$ref':'#'} | # | refers to itself",
                "{'anyOf':[{'$ref':'#'},{'type':'null'}]} | #/anyOf/0 | refers to itself",
                "{'pattern':'b','enum':['a','bc']} | # | beside the fixed value",
                "{'multipleOf':3,'const':1e9999999} | # | more than 1000 digits",
                "{'allOf':[{'pattern':'a'},{'pattern':'b'}]} | #/allOf | merge them",
                "{'allOf':[{'type':'string'},{'type':'integer'}]} | # | no value",
                "{'allOf':[{'$ref':'#'}]} | # | refers to itself",
                "{'type':'object','anyOf':[{'$ref':'#'},{'required':['a']}]} | #/allOf/anyOf/0/allOf/anyOf/0"
                        + " | refers to itself",
                "{'allOf':[{'additionalProperties':false},{'required':['a']}]} | # | no value",
                "{'oneOf':[{'type':'integer'},{'type':'number'}]} | #/oneOf | anyOf",
                "{'type':'strin'} | #/type | strin",
                "{'enum':[]} | #/enum | not empty",
                "{'type':'object','required':['a'],'additionalProperties':false} | #/required | forbids",
                "{'properties':{'a':{'$ref':'#'}},'required':['a']} | # | no value",
                "{'type':'integer','minimum':5,'maximum':4} | # | no value",
                "{'type':'integer','minimum':'5'} | #/minimum | a number",
                "{'type':'string','minLength':3,'maxLength':2} | #/minLength | maxLength",
                "{'type':'string','maxLength':100000} | # | too large",
                "{'type':'string','pattern':'(?=a)'} | #/pattern | not supported",
                "{'type':'string','pattern':'[b-a]'} | #/pattern | not supported",
                "{'type':'string','pattern':'(a'} | #/pattern | too early",
                "{'type':'string','pattern':'(?=a)','format':'iri'} | #/pattern | not supported",
                "{'type':'string','pattern':'^a+$','maxLength':3} | # | length limits",
                "{'type':'string','format':'uri','maxLength':100} | # | length limits",
                "{'propertyNames':{'maxLength':3}} | # | propertyNames",
                "{'items':3} | #/items | must be",
                "{'type':'array','minItems':-1} | #/minItems | negative",
                "[1] | # | must be",
                "{'a | # | JSON",
            })
    void namesWhatIsWrongWithASchema(String schema, String path, String word) {
        assertThatThrownBy(() -> compile(schema.replace('\'', '"'), TRIE))
                .isInstanceOfSatisfying(
                        SchemaException.class, e -> assertThat(e.path()).isEqualTo(path))
                .hasMessageContaining(word);
    }

    @Test
    void nestingIsLimited() {
        String text = "[".repeat(64);
        assertThat(takes("{}", text + "1" + "]".repeat(64))).isEqualTo("whole");
        assertThat(takes("{}", text + "'a'" + "]".repeat(64))).isEqualTo("whole");
        assertThat(takes("{}", text + "[[[[")).isEqualTo("no");
        String deep = "{'type':'array','minItems':1,'items':".repeat(70) + "{}" + "}".repeat(70);
        assertThatThrownBy(() -> compile(deep.replace('\'', '"'), TRIE)).hasMessageContaining("in each other");
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20})
    void randomTokensUnderTheMaskGiveValidTexts(long seed) throws Exception {
        Random random = new Random(seed);
        int numComplete = 0;
        for (int i = 0; i < 15; i++) {
            ObjectNode schema = new RandomSchema(random).next();
            JsonGrammar grammar;
            try {
                grammar = compile(schema.toString(), TRIE);
            } catch (SchemaException e) { // branches may merge into what one alone never has
                assertThat(e).as("seed %d: %s", seed, schema).hasMessageContaining("not supported");
                continue;
            }
            String text = randomText(grammar, random, schema);
            if (text != null) {
                JsonNode value = JSON.readTree(text);
                assertThat(new SchemaCheck(schema).isValid(value))
                        .as("seed %d: %s by %s", seed, text, schema)
                        .isTrue();
                numComplete++;
            }
        }
        assertThat(numComplete).as("texts of seed %d that came to an end", seed).isGreaterThan(8);
    }

    /** A text that ends, or null after many tokens. Every mask is compared with what each token alone does. */
    private static @Nullable String randomText(JsonGrammar grammar, Random random, ObjectNode schema) {
        GrammarState state = grammar.start();
        ByteArrayOutputStream text = new ByteArrayOutputStream();
        for (int i = 0; i < 400; i++) {
            TokenMask mask = grammar.mask(state, ENDS);
            List<Integer> allowed = new ArrayList<>();
            List<Integer> closing = new ArrayList<>();
            for (int token = 0; token < TOKENIZER.vocabSize(); token++) {
                byte[] bytes = TOKENIZER.tokenBytes(token);
                boolean fits = bytes.length == 0
                        ? ENDS.contains(token) && state.isComplete()
                        : state.append(bytes).isPresent();
                assertThat(mask.allows(token))
                        .as("token '%s' after %s by %s", new String(bytes, StandardCharsets.UTF_8), text, schema)
                        .isEqualTo(fits);
                if (fits) {
                    allowed.add(token);
                    if (bytes.length == 0 || "\"]}".indexOf(bytes[0]) >= 0) {
                        closing.add(token);
                    }
                }
            }
            assertThat(allowed).as("tokens after %s by %s", text, schema).isNotEmpty();
            List<Integer> from = closing.isEmpty() || random.nextInt(3) == 0 ? allowed : closing;
            int token = from.get(random.nextInt(from.size()));
            if (ENDS.contains(token)) {
                return text.toString(StandardCharsets.UTF_8);
            }
            text.writeBytes(TOKENIZER.tokenBytes(token));
            state = state.append(TOKENIZER.tokenBytes(token)).orElseThrow();
        }
        return null;
    }

    @Test
    void manyAmbiguousAlternativesKeepMaskAndTextTogether() {
        StringBuilder branches = new StringBuilder();
        for (int i = 0; i < 40; i++) {
            branches.append(i == 0 ? "" : ",")
                    .append("{'type':'array','minItems':%d,'items':{'$ref':'#'}}".formatted(i));
        }
        String schema = "{'anyOf':[" + branches + "]}";
        JsonGrammar grammar = compile(schema.replace('\'', '"'), TRIE);
        Random random = new Random(3);
        GrammarState state = grammar.start();
        for (int i = 0; i < 30; i++) {
            TokenMask mask = grammar.mask(state, ENDS);
            List<Integer> allowed = new ArrayList<>();
            for (int token = 0; token < TOKENIZER.vocabSize(); token++) {
                byte[] bytes = TOKENIZER.tokenBytes(token);
                if (bytes.length > 0) {
                    assertThat(mask.allows(token)).isEqualTo(state.append(bytes).isPresent());
                    if (mask.allows(token)) {
                        allowed.add(token);
                    }
                }
            }
            if (allowed.isEmpty()) {
                assertThat(state.isComplete()).isTrue();
                return;
            }
            state = state.append(TOKENIZER.tokenBytes(allowed.get(random.nextInt(allowed.size()))))
                    .orElseThrow();
        }
    }

    @Test
    void aVocabularyThatCannotSpellJsonIsRefused() {
        TokenTrie letters = trie(CharTokenizer.train("abc \n"));
        assertThatThrownBy(() -> compile("{\"type\":\"object\"}", letters)).hasMessageContaining("can spell");
        TokenTrie enough = trie(CharTokenizer.train("{}:\"abcä1234567890"));
        JsonGrammar grammar =
                compile("{\"properties\":{\"a\":{\"type\":\"integer\"},\"ä\":{}},\"required\":[\"a\"]}", enough);
        assertThat(grammar.start().append("{\"a\":1".getBytes(StandardCharsets.UTF_8)))
                .isPresent();
        assertThat(grammar.start().append("{\"a\":1,".getBytes(StandardCharsets.UTF_8)))
                .isEmpty();
    }
}
