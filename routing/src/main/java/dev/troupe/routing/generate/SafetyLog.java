package dev.troupe.routing.generate;

import dev.troupe.safety.filter.Finding;
import dev.troupe.safety.filter.Verdict;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Writes down what safety filters found: rule, category and place, never the text itself. */
final class SafetyLog {
    private static final Logger LOG = LoggerFactory.getLogger(SafetyLog.class);

    private SafetyLog() {}

    /** @param what "prompt" or "answer" */
    static void report(String requestId, String what, Verdict verdict) {
        verdict.flagged().forEach(finding -> log("flagged", requestId, what, finding));
        if (verdict instanceof Verdict.Blocked blocked) {
            log("blocked", requestId, what, blocked.finding());
        }
    }

    private static void log(String action, String requestId, String what, Finding finding) {
        LOG.info(
                "safety={} request={} in={} rule={} category={} from={} to={} score={}",
                action,
                requestId,
                what,
                finding.ruleId(),
                finding.category(),
                finding.start(),
                finding.end(),
                finding.score());
    }
}
