from batchdigits.watching.throttle import Throttle


def test_a_throttled_task_takes_its_share_and_no_more() -> None:
    throttle = Throttle(share=0.05, min_interval=2.0)
    assert not throttle.is_due(0.0, 99.0)
    throttle.request()
    assert throttle.is_due(0.0, 99.0)
    throttle.record_run(0.0, 0.01)
    throttle.request()
    assert not throttle.is_due(2.0, 99.0) and throttle.is_due(2.01, 99.0)
    throttle.record_run(2.0, 5.0)
    throttle.request()
    assert not throttle.is_due(64.0, 99.0) and throttle.is_due(65.0, 99.0)
    assert not throttle.is_due(65.0, 1.0), "it takes three seconds, and there is one"
    assert throttle.is_due(126.0, 1.0), "but it is not put off for ever"
